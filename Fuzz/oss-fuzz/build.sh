#!/bin/bash -eu
# Puts every fuzz target into $OUT with its seeds, dictionary and options, as OSS-Fuzz and ClusterFuzzLite want them
# (https://google.github.io/oss-fuzz/getting-started/new-project-guide/#buildsh). The canary stays at home: it must fall.

# Sets the flags that an engine and a sanitizer ask for. Those for tools version 6.2 and later have a name of their own;
# an image that is older does not know it.
. precompile_swift
flags=${SWIFT6_2FLAGS:-"--sanitize=fuzzer --sanitize=$SANITIZER"}

# A standard library that is linked in comes with `--exclude-libs ALL`, which hides the sanitizer's own malloc from
# every shared library, libFuzzer's operator new among them: an overrun would go unseen.
flags=${flags//-Xswiftc -static-stdlib/}
flags=${flags//--static-swift-stdlib/}

cd "$SRC/sluice"
targets=$(cd Fuzz/Targets && for entry in */Entry.swift; do dirname "$entry"; done | grep -vx Canary)
export SLUICE_FUZZ=$(echo $targets | tr ' ' ',')

if [ "$SANITIZER" != coverage ]; then
    # The two sanitizers reach the compiler in either order and it takes the last one alone, without an error; with
    # this Package.swift asks for both behind them, as it does for Fuzz/Lab/building.py.
    export SLUICE_FUZZ_SANITIZER=$SANITIZER
fi
# $OUT is all that the runners get, so the libraries go with it. RPATH and not RUNPATH, since it holds for their own
# libraries too. $flags is a list of words.
swift build -c release --scratch-path "${SCRATCH:-.build-fuzz}" $flags \
    -Xlinker --disable-new-dtags -Xlinker -rpath -Xlinker '$ORIGIN/lib'

mkdir -p "$OUT/lib"
for target in $targets; do
    program="${SCRATCH:-.build-fuzz}/release/Fuzz$target"
    cp "$program" "$OUT/"
    ldd "$program" | awk '$3 ~ /^\// { print $3 }' | grep -Ev '/(libc|libm|libdl|libpthread|librt)\.so' |
        xargs -r cp -L -n -t "$OUT/lib"
    rm -f "$OUT/Fuzz${target}_seed_corpus.zip"
    # A regression may have the name of a seed.
    seeds=$(mktemp -d)
    find "Fuzz/Corpus/$target" -type f -exec cp -t "$seeds" {} +
    for file in "Fuzz/Regressions/$target"/*; do
        if [ -f "$file" ]; then cp "$file" "$seeds/regression-${file##*/}"; fi
    done
    zip -q -j -r "$OUT/Fuzz${target}_seed_corpus.zip" "$seeds"
    rm -r "$seeds"
    if [ -f "Fuzz/Dictionaries/$target.dict" ]; then cp "Fuzz/Dictionaries/$target.dict" "$OUT/Fuzz$target.dict"; fi
    printf '[libfuzzer]\nmax_len = %d\ntimeout = 10\nrss_limit_mb = 2048\n' \
        "$(python3 Fuzz/Lab/lengths.py "$target")" >"$OUT/Fuzz$target.options"
done
