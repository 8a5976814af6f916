// One rule, so that a panel of the fuzzer is made fast. SPDX-License-Identifier: Apache-2.0
rule fuzz_word
{
    strings:
        $a = "fuzzword"
    condition:
        $a
}
