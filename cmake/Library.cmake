# One way to make each of the three libraries: an object library compiled once, from which the
# static and the shared library are linked. Include folders are the layering: a library sees its own
# root, its own headers and the public headers of what it links, nothing else.

set(WARNING_FLAGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla)

function(house_rules target)
    target_compile_options(${target} PRIVATE ${WARNING_FLAGS})
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    if(SANITIZE)
        target_compile_options(${target} PRIVATE -fsanitize=${SANITIZE} -fno-omit-frame-pointer)
        if(SANITIZE MATCHES "undefined")
            target_compile_options(${target} PRIVATE -fno-sanitize-recover=undefined)
        endif()
        target_link_options(${target} PUBLIC -fsanitize=${SANITIZE})
    endif()
    if(BUILD_FUZZERS)
        target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
endfunction()

# house_library(NAME sigv4 OUTPUT sigv4 [SEES folders] [LINKS targets])
# Sources come from the folders' own CMakeLists.txt through target_sources(<name>-objects ...).
function(house_library)
    cmake_parse_arguments(LIB "" "NAME;OUTPUT" "SEES;LINKS" ${ARGN})
    set(objects ${LIB_NAME}-objects)
    add_library(${objects} OBJECT)
    house_rules(${objects})
    target_include_directories(${objects}
        PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include
        PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${LIB_SEES})
    target_link_libraries(${objects} PUBLIC ${LIB_LINKS})

    set(map ${CMAKE_CURRENT_BINARY_DIR}/${LIB_NAME}.map)
    set(list ${CMAKE_CURRENT_SOURCE_DIR}/${LIB_NAME}.symbols)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
    file(STRINGS ${list} symbols REGEX "^[a-z]")
    list(JOIN symbols ";\n        " symbols)
    file(WRITE ${map} "{\n    global:\n        ${symbols};\n    local:\n        *;\n};\n")

    foreach(kind static shared)
        string(TOUPPER ${kind} upper)
        add_library(${LIB_NAME}-${kind} ${upper} $<TARGET_OBJECTS:${objects}>)
        set_target_properties(${LIB_NAME}-${kind} PROPERTIES
            OUTPUT_NAME ${LIB_OUTPUT} EXPORT_NAME ${LIB_NAME}-${kind} LINKER_LANGUAGE C)
        target_include_directories(${LIB_NAME}-${kind} PUBLIC
            $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
            $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
        if(SANITIZE)
            target_link_options(${LIB_NAME}-${kind} PUBLIC -fsanitize=${SANITIZE})
        endif()
        add_library(kinesis-toolkit::${LIB_NAME}-${kind} ALIAS ${LIB_NAME}-${kind})
    endforeach()
    # Hidden names do not cross a shared library's border: each one has its own copy of the base.
    target_sources(${LIB_NAME}-shared PRIVATE $<TARGET_OBJECTS:sigv4-base>)
    set_target_properties(${LIB_NAME}-shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)
    target_link_options(${LIB_NAME}-shared PRIVATE -Wl,--version-script=${map})
    set_target_properties(${LIB_NAME}-shared PROPERTIES LINK_DEPENDS "${map}")
endfunction()
