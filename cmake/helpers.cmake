# SPDX-License-Identifier: Apache-2.0

# vg_library(NAME SOURCES a.c b.c LINKS vg_common PkgConfig::X): one static library for a folder.
function(vg_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC vg_flags ${ARG_LINKS})
endfunction()

# vg_unit_test(test_slice vg_common ...): tests/unit/<area>/test_slice.c against those libraries.
# Runs in the source tree's root, so fixtures are tests/fixtures/...
function(vg_unit_test name)
  add_executable(${name} ${name}.c)
  target_link_libraries(${name} PRIVATE vg_flags ${ARGN} PkgConfig::CMOCKA)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/unit)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endfunction()

# vg_fuzzer(fuzz_dns vg_net ...): tests/fuzz/<area>/fuzz_dns.c, corpus in tests/fuzz/corpus/fuzz_dns/.
# With VIGIA_FUZZ a libFuzzer program; otherwise an ordinary test that replays the corpus.
function(vg_fuzzer name)
  add_executable(${name} ${name}.c)
  target_link_libraries(${name} PRIVATE vg_flags ${ARGN})
  target_compile_options(${name} PRIVATE -Wno-missing-prototypes)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzzers)
  if(VIGIA_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
    add_test(NAME replay_${name}
      COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name}
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(replay_${name} PROPERTIES TIMEOUT 300)
  endif()
endfunction()
