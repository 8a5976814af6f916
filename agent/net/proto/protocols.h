/* SPDX-License-Identifier: Apache-2.0 */
/* protocols: the table of all application protocols: a new one is its file and its row here.
 *
 * They are asked in this order: those that are certain by a look at the first bytes come before
 * those that need a port to be believed. */
#pragma once

#include "agent/net/protocol.h"

#define PROTOCOL_TABLE(X)                                                                          \
    X(TLS)                                                                                         \
    X(QUIC)                                                                                        \
    X(GQUIC)                                                                                       \
    X(DTLS)                                                                                        \
    X(HTTP)                                                                                        \
    X(HTTP2)                                                                                       \
    X(FTP)                                                                                         \
    X(SMTP)                                                                                        \
    X(POP3)                                                                                        \
    X(IMAP)                                                                                        \
    X(SSH)                                                                                         \
    X(SMB)                                                                                         \
    X(DCERPC)                                                                                      \
    X(MYSQL)                                                                                       \
    X(POSTGRESQL)                                                                                  \
    X(TDS)                                                                                         \
    X(REDIS)                                                                                       \
    X(IRC)                                                                                         \
    X(XMPP)                                                                                        \
    X(NNTP)                                                                                        \
    X(RSYNC)                                                                                       \
    X(GIT)                                                                                         \
    X(AMQP)                                                                                        \
    X(MONGODB)                                                                                     \
    X(MEMCACHED)                                                                                   \
    X(SOCKS)                                                                                       \
    X(KERBEROS)                                                                                    \
    X(LDAP)                                                                                        \
    X(RDP)                                                                                         \
    X(BITTORRENT)                                                                                  \
    X(TEAMVIEWER)                                                                                  \
    X(STRATUM)                                                                                     \
    X(WIREGUARD)                                                                                   \
    X(OPENVPN)                                                                                     \
    X(ANYDESK)                                                                                     \
    X(RUSTDESK)                                                                                    \
    X(VNC)                                                                                         \
    X(SIP)                                                                                         \
    X(STUN)                                                                                        \
    X(TELNET)                                                                                      \
    X(MQTT)                                                                                        \
    X(DNS)                                                                                         \
    X(MDNS)                                                                                        \
    X(LLMNR)                                                                                       \
    X(NBNS)                                                                                        \
    X(DHCP)                                                                                        \
    X(DHCPV6)                                                                                      \
    X(SSDP)                                                                                        \
    X(NTP)                                                                                         \
    X(SNMP)                                                                                        \
    X(TFTP)                                                                                        \
    X(RADIUS)                                                                                      \
    X(ISAKMP)                                                                                      \
    X(L2TP)                                                                                        \
    X(SYSLOG)                                                                                      \
    X(IPMI)                                                                                        \
    X(COAP)                                                                                        \
    X(MODBUS)                                                                                      \
    /* each row above ends in a backslash, so that lists of two branches can be joined */

#define PROTOCOL_DECLARE(name) extern const struct protocol PROTOCOL_##name;
PROTOCOL_TABLE(PROTOCOL_DECLARE)
#undef PROTOCOL_DECLARE
