#!/usr/bin/env bash
# The AWS CLI is content with klocal: Kinesis, files in and out of S3, presigned URLs, STS, credentials from IMDS.
# limit: 900
set -u
TESTS=$(cd "$(dirname "$0")/.." && pwd)
. "$TESTS/lib/check.sh"

CLI=${AWS_CLI:-/usr/bin/aws}
PROGRAM=${KLOCAL:-${BUILD_DIR:-$TESTS/../build}/bin/klocal}
if ! "$CLI" --version >/dev/null 2>&1; then
    check_skip 'the AWS CLI' 'it is not installed'
    check_done
fi
if [ ! -x "$PROGRAM" ]; then
    check_skip klocal "$PROGRAM is not built"
    check_done
fi
for name in $(compgen -e AWS_); do unset "$name"; done
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
export AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=AKIDEXAMPLE
export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY

WORK=$(mktemp -d)
"$PROGRAM" --port-file "$WORK/port" >"$WORK/log" 2>&1 &
PID=$!
trap 'kill $PID 2>/dev/null; rm -rf "$WORK"' EXIT
for _ in $(seq 600); do
    [ -s "$WORK/port" ] && break
    sleep 0.1
done
URL=http://127.0.0.1:$(head -n 1 "$WORK/port")

aws() { "$CLI" --endpoint-url "$URL" --output text "$@"; }

kinesis() {
    check_runs 'create-stream' aws kinesis create-stream --stream-name cli --shard-count 2
    check_runs 'wait stream-exists' aws kinesis wait stream-exists --stream-name cli
    check_equal 'list-streams' cli "$(aws kinesis list-streams --query 'StreamNames[]')"
    check_runs 'put-record' aws kinesis put-record --stream-name cli --partition-key adam --data "$(printf 'hello\0world' | base64)"
    local shard
    shard=$(aws kinesis put-record --stream-name cli --partition-key adam --data "$(printf again | base64)" --query ShardId)
    check_match 'put-record prints the shard' '^shardId-00000000000[01]$' "$shard"
    local iterator
    iterator=$(aws kinesis get-shard-iterator --stream-name cli --shard-id "$shard" --shard-iterator-type TRIM_HORIZON \
        --query ShardIterator)
    check_equal 'get-records gives both, in order' "$(printf 'hello\0world' | base64) $(printf again | base64)" \
        "$(aws kinesis get-records --shard-iterator "$iterator" --query 'Records[].Data' | tr '\t' ' ')"
    check_equal 'describe-stream-summary' 2 \
        "$(aws kinesis describe-stream-summary --stream-name cli --query StreamDescriptionSummary.OpenShardCount)"
    # 2^126 and 3 * 2^126: the middles of the two halves.
    local middle=85070591730234615865843651857942052864
    [ "$shard" = shardId-000000000000 ] || middle=255211775190703847597530955573826158592
    check_runs 'split-shard' aws kinesis split-shard --stream-name cli --shard-to-split "$shard" --new-starting-hash-key $middle
    check_equal 'list-shards shows the children' 4 "$(aws kinesis list-shards --stream-name cli --query 'length(Shards)')"
    check_exits 254 'an unknown stream' aws kinesis describe-stream --stream-name nobody
    check_match 'and the service says so' 'ResourceNotFoundException' "$CHECK_OUTPUT"
    check_exits 254 'a wrong secret' env AWS_SECRET_ACCESS_KEY=wrong "$CLI" --endpoint-url "$URL" kinesis list-streams
    check_match 'and the service says so' 'InvalidSignatureException' "$CHECK_OUTPUT"
    check_runs 'delete-stream' aws kinesis delete-stream --stream-name cli
}

s3() {
    local name
    head -c 20000000 /dev/urandom >"$WORK/big"
    printf small >"$WORK/small file+.txt"
    : >"$WORK/empty"
    check_runs 's3 mb' aws s3 mb s3://cli-bucket
    for name in big 'small file+.txt' empty; do
        check_runs "s3 cp up: $name" aws s3 cp "$WORK/$name" "s3://cli-bucket/dir/$name"
        check_runs "s3 cp down: $name" aws s3 cp "s3://cli-bucket/dir/$name" "$WORK/back"
        check_same "the same: $name" "$WORK/$name" "$WORK/back"
    done
    check_equal 's3 ls' 3 "$(aws s3 ls s3://cli-bucket/dir/ | wc -l)"
    check_match 's3 ls shows the folder' 'PRE dir/' "$(aws s3 ls s3://cli-bucket/)"
    head -c 9000000 "$WORK/big" | aws s3 cp - s3://cli-bucket/pipe >/dev/null
    check_equal 'a pipe up' 9000000 "$(aws s3api head-object --bucket cli-bucket --key pipe --query ContentLength)"
    check_equal 'a pipe down' "$(head -c 9000000 "$WORK/big" | sha256sum)" "$(aws s3 cp s3://cli-bucket/pipe - | sha256sum)"
    mkdir "$WORK/tree" "$WORK/tree/sub"
    for name in a b sub/c sub/d; do printf %s "$name" >"$WORK/tree/$name"; done
    check_runs 's3 sync up' aws s3 sync "$WORK/tree" s3://cli-bucket/tree
    check_runs 's3 sync down' aws s3 sync s3://cli-bucket/tree "$WORK/again"
    check_runs 'the trees are the same' diff -r "$WORK/tree" "$WORK/again"
    check_runs 's3 cp inside' aws s3 cp s3://cli-bucket/dir/big s3://cli-bucket/copy
    check_equal 'the copy has the same size' 20000000 "$(aws s3api head-object --bucket cli-bucket --key copy --query ContentLength)"
    check_runs 's3 mv' aws s3 mv s3://cli-bucket/copy s3://cli-bucket/moved
    local url
    url=$(aws s3 presign 's3://cli-bucket/dir/small file+.txt')
    check_equal 's3 presign' small "$(curl -s "$url")"
    check_match 'a changed presigned URL is refused' 'SignatureDoesNotMatch|AccessDenied' "$(curl -s "${url%?}x")"
    check_runs 's3api get-object with a range' aws s3api get-object --bucket cli-bucket --key dir/big --range bytes=100-199 "$WORK/range"
    check_equal 'the range is right' "$(tail -c +101 "$WORK/big" | head -c 100 | sha256sum)" "$(sha256sum <"$WORK/range")"
    check_exits 254 'no such key' aws s3api get-object --bucket cli-bucket --key none "$WORK/none"
    check_match 'and the service says so' 'NoSuchKey' "$CHECK_OUTPUT"
    check_runs 's3 rm --recursive' aws s3 rm --recursive s3://cli-bucket
    check_runs 's3 rb' aws s3 rb s3://cli-bucket
}

others() {
    check_equal 'sts get-caller-identity' arn:aws:iam::123456789012:user/klocal "$(aws sts get-caller-identity --query Arn)"
    check_runs 'sts assume-role' aws sts assume-role --role-arn arn:aws:iam::123456789012:role/r --role-session-name me
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    check_match 'keys from IMDS' 'assumed-role/klocal-role/i-' "$(AWS_EC2_METADATA_DISABLED=false \
        AWS_EC2_METADATA_SERVICE_ENDPOINT=$URL/ aws sts get-caller-identity --query Arn)"
    check_match 'keys from the container endpoint' 'assumed-role/klocal-role/container' \
        "$(AWS_CONTAINER_CREDENTIALS_FULL_URI=$URL/v2/credentials/x aws sts get-caller-identity --query Arn)"
}

kinesis
s3
others
kill -TERM $PID
wait $PID
check_equal 'klocal ends cleanly' 0 $?
check_done
