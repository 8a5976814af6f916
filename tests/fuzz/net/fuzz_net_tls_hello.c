/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/net/proto/tls_hello.h"
#include "net_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tls_hello hello;
    char ja3[TLS_JA3_SIZE], ja4[TLS_JA4_SIZE];
    struct buf scratch;

    if (tls_hello_read(slice_of(data, size), &hello) != VG_OK)
        return 0;
    FUZZ_HOLDS(hello.sni.len <= size && strlen(hello.alpn) < sizeof(hello.alpn));
    buf_init(&scratch, 256 * 1024);
    FUZZ_HOLDS(tls_hello_ja3(&hello, &scratch, ja3) == VG_OK);
    FUZZ_HOLDS(tls_hello_ja4(&hello, 't', &scratch, ja4) == VG_OK);
    FUZZ_HOLDS(strlen(ja3) == TLS_JA3_SIZE - 1 && strlen(ja4) == TLS_JA4_SIZE - 1);
    buf_done(&scratch);
    return 0;
}
