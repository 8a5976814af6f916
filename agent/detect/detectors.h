/* SPDX-License-Identifier: Apache-2.0 */
/* detectors: the table of all detectors: a new one is its file and its row here.
 *
 * Rows of the net sensor say how many KiB the detector's tables may hold: each file proves its own
 * figure (NET_BYTES_...), and the sensor promises the sum (agent/net/sensor.c). */
#pragma once

#include "agent/detect/detector.h"

/* The score first: it stands in the events that the others give. */
#define PAY_DETECTORS(X)                                                                           \
    X(PAY_SCORE)                                                                                   \
    X(PAY_CARD_TESTING)                                                                            \
    X(PAY_AMOUNT)                                                                                  \
    X(PAY_VELOCITY)                                                                                \
    X(PAY_REFUND)                                                                                  \
    X(PAY_CARD_NUMBER_EXPOSED)                                                                     \
    X(PAY_LOG_SILENT)                                                                              \
    X(PAY_LOG_UNREADABLE)                                                                          \
    X(PAY_ACCOUNT_CHANGE)                                                                          \
    X(PAY_DUPLICATE_CHARGE)                                                                        \
    X(PAY_DECLINE_RATE)                                                                            \
    X(PAY_VOID_ABUSE)                                                                              \
    X(PAY_NEW_EMPLOYEE_PATTERN)                                                                    \
    X(PAY_CHARGEBACK_SPIKE)                                                                        \
    X(PAY_COMPROMISED_TERMINAL)                                                                    \
    X(PAY_SPLIT_SALE)                                                                              \
    X(PAY_OFF_HOURS)                                                                               \
    X(PAY_COUNTRY_MISMATCH)                                                                        \
    X(PAY_DISPOSABLE_EMAIL)                                                                        \
    X(PAY_MISSING_SALES)                                                                           \
    X(PAY_COLLUSION)                                                                               \
    X(PAY_BENFORD)

/* One row a line, so that several may add theirs. */
#define NET_DETECTORS(X)                                                                           \
    X(NET_SCAN, 1664)                                                                              \
    X(NET_RANSOMWARE, 144)                                                                         \
    X(NET_WORM, 112)                                                                               \
    X(NET_ARP_SPOOF, 832)                                                                          \
    X(NET_YARA, 5 * 1024)                                                                          \
    X(NET_BEACON, 1440)                                                                            \
    X(NET_NEW_DEVICE, 640)                                                                         \
    X(NET_VOLUME, 560)                                                                             \
    X(NET_INDICATOR, 1000)                                                                         \
    X(NET_LOOKALIKE_DOMAIN, 112)                                                                   \
    X(NET_HOST_DISCOVERY, 128)                                                                     \
    X(NET_LATERAL, 144)                                                                            \
    X(NET_CLEARTEXT_CREDENTIALS, 96)                                                               \
    X(NET_BRUTE_FORCE, 176)                                                                        \
    X(NET_EXPOSED_SERVICE, 64)                                                                     \
    X(NET_SESSION_HIJACK, 160)                                                                     \
    X(NET_REMOTE_HELP, 96)                                                                         \
    X(NET_CARD_NUMBER_EXPOSED, 48)                                                                 \
    X(NET_OFF_HOURS, 56)                                                                           \
    X(NET_AI_SERVICE, 104)                                                                         \
    X(NET_FLOOD, 56)                                                                               \
    X(NET_DNS_HIJACK, 176)                                                                         \
    X(NET_ROGUE_DHCP, 32)                                                                          \
    X(NET_NAME_POISONING, 24)                                                                      \
    X(NET_DNS_TUNNEL, 224)                                                                         \
    X(NET_ICMP_TUNNEL, 64)                                                                         \
    X(NET_TOR, 24)                                                                                 \
    X(NET_MINING, 0)                                                                               \
    X(NET_PROXY_TUNNEL, 48)                                                                        \
    X(NET_DGA, 24)                                                                                 \
    X(NET_EXFILTRATION, 112)                                                                       \
    X(NET_TLS_SUSPICIOUS, 256)                                                                     \
    X(NET_EXPLOIT, 640)                                                                            \
    X(NET_WEBSHELL, 96)                                                                            \
    X(NET_VULN_SCAN, 144)                                                                          \
    X(NET_REMOTE_SHELL, 6)                                                                         \
    X(NET_RARE_DESTINATION, 128)                                                                   \
    X(NET_LONG_CONNECTION, 40)                                                                     \
    /* the end */

#define DETECTOR_DECLARE(name, ...) extern const struct detector name;
PAY_DETECTORS(DETECTOR_DECLARE)
NET_DETECTORS(DETECTOR_DECLARE)
#undef DETECTOR_DECLARE

#define DETECTOR_BYTES(name, kib) name##_BYTES = (kib)*1024,
enum { NET_DETECTORS(DETECTOR_BYTES) };
#undef DETECTOR_BYTES

#define DETECTOR_SUM(name, kib) +(kib)*1024
enum { NET_BYTES_DETECTORS = 0 NET_DETECTORS(DETECTOR_SUM) };
#undef DETECTOR_SUM
