/* SPDX-License-Identifier: Apache-2.0 */
/* raw_attack: objects that run code where a service unpacks them, on connections that nothing here
 * knows: WebLogic's T3, Java's RMI and JMX, ActiveMQ, Tomcat's AJP. Pure.
 *
 *   java_object       a serialized Java object (Java Object Serialization Specification, 6.4: magic
 *                     0xaced, version 5) of classes that run code while they are unpacked (ysoserial)
 *   java_reference    one that makes the server fetch its code elsewhere (JRMPClient, JNDI)
 *   spring_context    a class that loads its orders from an address (CVE-2023-46604)
 *   ajp_include       attributes of AJP that only the server itself may set (CVE-2020-1938) */
#pragma once

#include "common/slice.h"

struct raw_attack {
    const char *name; /* static; NULL: nothing yet */
    bool object, ajp; /* what the names would mean */
};

/* The next bytes of one direction. A name that two pieces share is not found. */
void raw_attack_look(struct raw_attack *a, bool first, struct slice bytes);
