/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/raw_attack.h"

#include "common/str.h"

enum { AJP_REQUEST = 0x1234 };

static const struct sign {
    const char *text, *name;
    bool object, ajp; /* only within these */
} SIGNS[] = {
    {"org.apache.commons.collections", "java_object", true, false},
    {"org.apache.commons.beanutils.BeanComparator", "java_object", true, false},
    {"xalan.internal.xsltc.trax.TemplatesImpl", "java_object", true, false},
    {"com.sun.rowset.JdbcRowSetImpl", "java_object", true, false},
    {"com.mchange.v2.c3p0", "java_object", true, false},
    {"org.codehaus.groovy.runtime", "java_object", true, false},
    {"org.springframework.beans.factory", "java_object", true, false},
    {"org.springframework.transaction.jta", "java_reference", true, false},
    {"org.hibernate.engine.spi.TypedValue", "java_object", true, false},
    {"bsh.XThis", "java_object", true, false},
    {"clojure.", "java_object", true, false},
    {"com.tangosol.", "java_object", true, false},
    {"weblogic.jms.common.StreamMessageImpl", "java_object", true, false},
    {"oracle.eclipselink.coherence", "java_object", true, false},
    {"java.lang.ProcessBuilder", "java_object", true, false},
    {"java.lang.Runtime", "java_object", true, false},
    {"javax.management.BadAttributeValueExp", "java_object", true, false},
    {"java.rmi.server.RemoteObjectInvocationHandler", "java_reference", true, false},
    {"context.support.ClassPathXmlApplicationContext", "spring_context", false, false},
    {"context.support.FileSystemXmlApplicationContext", "spring_context", false, false},
    {"javax.servlet.include.", "ajp_include", false, true},
};

void
raw_attack_look(struct raw_attack *a, bool first, struct slice bytes)
{
    struct str all = str_n(bytes.at, bytes.left);
    struct slice head = bytes;

    if (a->name != NULL)
        return;
    if (first)
        a->ajp = slice_be16(&head) == AJP_REQUEST && !head.bad;
    a->object = a->object || str_has(all, str_n("\xac\xed\x00\x05", 4));
    for (size_t i = 0; i < VG_ARRAY_LEN(SIGNS); i++) {
        const struct sign *s = &SIGNS[i];

        if ((s->object && !a->object) || (s->ajp && !a->ajp) || !str_has(all, str_of(s->text)))
            continue;
        a->name = s->name;
        return;
    }
}
