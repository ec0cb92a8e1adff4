#!/bin/sh
# Fuzzes one target for RUN_SECONDS (60): Fuzz/run.sh RequestSplit [libFuzzer's own flags].
#
# What is found lies in .build-fuzz/artifacts/NAME, the corpus that grows in .build-fuzz/corpus/NAME; the seeds in
# Fuzz/Corpus/NAME are never changed. An input that was worth a fix goes to Fuzz/Regressions/NAME, where the ordinary
# tests run it.
set -eu

cd "$(dirname "$0")/.."
targets=$(cd Fuzz/Targets && ls)
name=${1:-${T:-}}
seconds=${RUN_SECONDS:-60}

case "$name" in
    "" | */* | .*) known= ;;
    *) if [ -f "Fuzz/Targets/$name/Entry.swift" ]; then known=1; else known=; fi ;;
esac
if [ -z "$known" ]; then
    echo "there is no fuzz target \"$name\"; there are:" $targets >&2
    exit 2
fi
case "$seconds" in
    "" | *[!0-9]*) echo "RUN_SECONDS is a number of seconds, not \"$seconds\"" >&2; exit 2 ;;
esac
if [ $# -gt 0 ]; then shift; fi

build=.build-fuzz
# Swift's own crash reporter would take the crash before libFuzzer can write its input down.
export SLUICE_FUZZ=1 SWIFT_BACKTRACE=enable=no

build_target() {
    # The two sanitizers reach the compiler in either order, and with `address` last there is no coverage; the third
    # flag asks for it by name.
    if ! swift build -c release --scratch-path "$build" --product "Fuzz$1" \
        --sanitize=fuzzer --sanitize=address \
        -Xswiftc -sanitize-coverage=edge,inline-8bit-counters,pc-table >"$build/$1.build" 2>&1; then
        cat "$build/$1.build" >&2
        echo "the fuzz target $1 does not build" >&2
        exit 1
    fi
}

# Runs libFuzzer with its output in the file that is the first argument.
run_target() {
    output=$1
    target=$2
    shift 2
    mkdir -p "$build/corpus/$target" "$build/artifacts/$target"
    if "$build/release/Fuzz$target" -artifact_prefix="$build/artifacts/$target/" -print_final_stats=1 "$@" \
        >"$output" 2>&1; then code=0; else code=$?; fi
    if ! grep -q "inline 8-bit counters" "$output"; then
        cat "$output" >&2
        echo "$target was built without coverage: libFuzzer would be guessing" >&2
        exit 1
    fi
    return "$code"
}

mkdir -p "$build"
exec 9>"$build/lock"
if ! flock -n 9; then
    echo "another fuzz run is under way in $build" >&2
    exit 1
fi
build_target Canary
rm -rf "$build/corpus/Canary" "$build/artifacts/Canary"
if run_target "$build/Canary.log" Canary -max_total_time=120 -max_len=16 -seed=1 "$build/corpus/Canary"; then
    cat "$build/Canary.log" >&2
    echo "the canary lives: a crash would go unnoticed, so nothing was fuzzed" >&2
    exit 1
fi
if ! ls "$build"/artifacts/Canary/crash-* >/dev/null 2>&1; then
    cat "$build/Canary.log" >&2
    echo "the canary did not die of its crash, so nothing was fuzzed" >&2
    exit 1
fi
echo "Canary: found within $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/Canary.log") runs, as it must be"
if [ "$name" = Canary ]; then exit 0; fi

build_target "$name"
seeds="Fuzz/Corpus/$name"
if [ -d "Fuzz/Regressions/$name" ]; then seeds="$seeds Fuzz/Regressions/$name"; fi
if [ -f "Fuzz/Dictionaries/$name.dict" ]; then set -- "-dict=Fuzz/Dictionaries/$name.dict" "$@"; fi
echo "$name: fuzzing for $seconds s; output in $build/$name.log"
# $seeds is a list of folders without spaces in their names.
if run_target "$build/$name.log" "$name" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
    "$@" "$build/corpus/$name" $seeds; then
    grep -E "inline 8-bit counters|^#[0-9]+.*DONE|^stat::number_of_executed_units" "$build/$name.log"
    echo "$name: nothing found"
else
    tail -n 60 "$build/$name.log" >&2
    echo "$name: FOUND something; the input lies in $build/artifacts/$name" >&2
    exit 1
fi
