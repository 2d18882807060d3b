#!/usr/bin/env bash
# What users of the libraries get: an installed tree that CMake and pkg-config users build against, headers that stand
# alone in C11 and C++17, exactly the listed symbols, and the programs of the README as they are printed.
# limit: 1200
set -u
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/lib/check.sh"
WORK=$(mktemp -d) || exit 1
trap 'rm -rf "$WORK"' EXIT
PREFIX=$WORK/prefix

install_tree() {
    cmake -S "$ROOT" -B "$WORK/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
        -DCMAKE_INSTALL_PREFIX="$PREFIX" -DCMAKE_INSTALL_LIBDIR=lib && cmake --build "$WORK/build" &&
        cmake --install "$WORK/build"
}

no_warning() {
    ! grep -i 'warning' "$WORK/build.log"
}

headers_alone() {
    local header
    for header in $(cd "$PREFIX/include" && find sigv4 kinesis s3 -name '*.h'); do
        echo "#include <$header>" >"$WORK/alone.c"
        cp "$WORK/alone.c" "$WORK/alone.cc"
        check_runs "<$header> alone in C11" gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$PREFIX/include" -fsyntax-only "$WORK/alone.c"
        check_runs "<$header> alone in C++17" g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -I"$PREFIX/include" -fsyntax-only "$WORK/alone.cc"
    done
}

# The dynamic symbols of a library against its list, both ways.
symbols_equal() {
    local name=$1
    grep '^[a-z]' "$ROOT/$name/$name.symbols" | LC_ALL=C sort >"$WORK/listed"
    nm -D --defined-only "$PREFIX/lib/lib$name.so" | awk '{ print $3 }' | LC_ALL=C sort >"$WORK/exported"
    check_runs "lib$name.so exports its list and nothing else" diff "$WORK/listed" "$WORK/exported"
}

# Every function a public header declares is exported.
headers_listed() {
    local name=$1
    cat "$ROOT/$name"/include/"$name"/*.h | tr '\n' ' ' | grep -oE 'SIGV4_API [^;{]*' |
        grep -oE "\b${name}_[a-z0-9_]+ *\(" | tr -d ' (' | LC_ALL=C sort -u >"$WORK/declared"
    check_runs "every function of lib$name's headers is in its list" \
        sh -c "LC_ALL=C comm -23 '$WORK/declared' '$WORK/listed' | grep -v _fn\$ | tee /dev/stderr | grep -c . | grep -qx 0"
}

# The i-th program the README shows, as it stands there.
readme_program() {
    awk -v want="$1" '/^```c$/ { n++; inside = 1; next } /^```$/ { inside = 0 } inside && n == want' "$ROOT/README.md"
}

readme_programs() {
    local i count
    count=$(grep -c '^```c$' "$ROOT/README.md")
    check_runs "the README shows at least three programs" test "$count" -ge 3
    for i in $(seq "$count"); do
        readme_program "$i" >"$WORK/program$i.c"
        check_runs "README program $i builds with pkg-config, shared" sh -c \
            "gcc -std=c11 -Wall -Wextra -Werror '$WORK/program$i.c' -o '$WORK/program$i' \$(PKG_CONFIG_PATH='$PREFIX/lib/pkgconfig' pkg-config --cflags --libs kinesis s3)"
    done
}

# The package may be installed to, or moved to, another place than was configured.
installed_elsewhere() {
    cmake --install "$WORK/build" --prefix "$WORK/elsewhere" &&
        PKG_CONFIG_PATH=$WORK/elsewhere/lib/pkgconfig pkg-config --cflags --libs kinesis >"$WORK/flags" &&
        cat "$WORK/flags" && grep -q elsewhere "$WORK/flags" && ! grep -q "$PREFIX" "$WORK/flags" &&
        readme_program 1 >"$WORK/elsewhere.c" &&
        gcc -std=c11 "$WORK/elsewhere.c" -o "$WORK/elsewhere-app" $(cat "$WORK/flags")
}

cmake_user() {
    mkdir -p "$WORK/user"
    readme_program 1 >"$WORK/user/app.c"
    cat >"$WORK/user/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.22)
project(user C)
find_package(kinesis-toolkit REQUIRED)
foreach(kind static shared)
    add_executable(app-${kind} app.c)
    target_link_libraries(app-${kind} PRIVATE kinesis-toolkit::kinesis-${kind} kinesis-toolkit::s3-${kind})
endforeach()
CMAKE
    cmake -S "$WORK/user" -B "$WORK/user/build" -DCMAKE_PREFIX_PATH="$PREFIX" && cmake --build "$WORK/user/build"
}

main() {
    if install_tree >"$WORK/build.log" 2>&1; then
        check_pass "builds and installs"
    else
        check_fail "builds and installs" "$(tail -30 "$WORK/build.log")"
        check_done
    fi
    check_runs "without a warning" no_warning
    headers_alone
    for name in sigv4 kinesis s3; do
        symbols_equal $name
        headers_listed $name
    done
    check_runs "a CMake user builds, static and shared" cmake_user
    check_runs "pkg-config finds what is installed elsewhere" installed_elsewhere
    readme_programs
    check_runs "kcat and its manual are installed" test -x "$PREFIX/bin/kcat" -a -s "$PREFIX/share/man/man1/kcat.1"
    check_runs "kpath and its manual are installed" test -x "$PREFIX/bin/kpath" -a -s "$PREFIX/share/man/man1/kpath.1"
    check_done
}

main
