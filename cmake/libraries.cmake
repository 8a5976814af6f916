# SPDX-License-Identifier: Apache-2.0
# Parts from elsewhere (DESIGN, 6): each one is an imported target PkgConfig::NAME.
find_package(PkgConfig REQUIRED)
foreach(row
    PCAP:libpcap SSL:openssl CRYPTO:libcrypto YARA:yara SQLITE:sqlite3 CURL:libcurl
    EVENT:libevent EVENT_SSL:libevent_openssl EVENT_THREADS:libevent_pthreads
    JANSSON:jansson YAML:yaml-0.1 ZSTD:libzstd ZLIB:zlib NGHTTP2:libnghttp2
    SECCOMP:libseccomp CAPNG:libcap-ng ARGON2:libargon2 OATH:liboath QRENCODE:libqrencode PCRE2:libpcre2-8 EXPAT:expat
    ARCHIVE:libarchive PSL:libpsl IDN2:libidn2 MAXMINDDB:libmaxminddb)
  string(REPLACE ":" ";" row ${row})
  list(GET row 0 name)
  list(GET row 1 module)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
endforeach()
find_package(Threads REQUIRED)
if(VIGIA_TESTS)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
