# SPDX-License-Identifier: Apache-2.0
# How everything is compiled: warnings, hardening (release), sanitizers (debug, fuzz).
add_library(vg_flags INTERFACE)
target_include_directories(vg_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_definitions(vg_flags INTERFACE VIGIA_VERSION="${PROJECT_VERSION}" _DEFAULT_SOURCE)
target_compile_options(vg_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes
  -Wvla -Wstrict-prototypes -Wformat=2 -Wno-unused-parameter -Wno-format-truncation -fno-common -fno-strict-aliasing)
if(VIGIA_WERROR)
  target_compile_options(vg_flags INTERFACE -Werror)
endif()

if(VIGIA_SANITIZE)
  target_compile_options(vg_flags INTERFACE -O1 -g -fsanitize=address,undefined
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(vg_flags INTERFACE -fsanitize=address,undefined)
  if(VIGIA_FUZZ)
    target_compile_options(vg_flags INTERFACE -fsanitize=fuzzer-no-link)
  endif()
else()
  target_compile_options(vg_flags INTERFACE -fstack-protector-strong -fPIE -fcf-protection
    -fstack-clash-protection)
  target_compile_definitions(vg_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
  target_link_options(vg_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
