/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/net/proto/tls_cert.h"
#include "net_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tls_cert cert;

    if (tls_cert_read(slice_of(data, size), &cert) != VG_OK)
        return 0;
    FUZZ_HOLDS(size <= TLS_CERT_BYTES_MAX && strlen(cert.sha1) == TLS_CERT_SHA1_SIZE - 1);
    FUZZ_HOLDS(strlen(cert.issuer) < sizeof(cert.issuer));
    FUZZ_HOLDS(cert.host_count <= TLS_CERT_HOSTS_MAX && cert.host_count <= cert.hosts_total);
    FUZZ_HOLDS(cert.not_before_ns >= 0 && cert.not_after_ns >= 0);
    return 0;
}
