/* SPDX-License-Identifier: Apache-2.0 */
/* net_lateral_signs: what a remote call, a pipe, a share or a file says about who moves from one PC
 * to the next. Pure. What domain members do every day (log-on at the controller by netlogon, samr,
 * lsarpc and drsuapi's name look-ups; printing by spoolss; names by epm) has no row. */
#pragma once

#include "agent/detect/judge.h"

enum lateral_sign {
    LATERAL_NONE,
    /* certain by nature */
    LATERAL_SERVICE,     /* a service made or changed on another PC */
    LATERAL_SERVICE_RUN, /* an existing one started, stopped or removed */
    LATERAL_TASK,        /* a task planned or started */
    LATERAL_TASK_LIST,   /* the planned tasks listed */
    LATERAL_WMI,         /* a method called, a class or instance written */
    LATERAL_DCOM,        /* an object of a program driven by name */
    LATERAL_REGISTRY,    /* the registry changed or copied out */
    LATERAL_LOG,         /* the log of events cleared */
    LATERAL_ACCOUNT,     /* an account made or put into a group */
    LATERAL_SHARE,       /* a folder shared from afar */
    LATERAL_SHELL,       /* WinRM: a command line over HTTP */
    LATERAL_TOOL,        /* the pipe of a known tool */
    LATERAL_PROGRAM,     /* a program written to an administrative share or where programs start */
    LATERAL_ADMIN_WRITE, /* a file written to the system's folders by an administrative share */
    LATERAL_REPLICATION, /* the domain's secrets asked for as if by a controller */
    LATERAL_ROAST,       /* many weakly enciphered tickets: food for guessing passwords */
    LATERAL_ROAST_USER,  /* a ticket of a user who need not prove the password */
    LATERAL_SEARCH,      /* who is where: asked of several PCs */
    LATERAL_SHARES,      /* the shares of many PCs listed */
    /* hints: an administrator's tools do so as well */
    LATERAL_LOOK_SERVICE,
    LATERAL_LOOK_REGISTRY,
    LATERAL_LOOK_WMI,
    LATERAL_LOOK_USERS,
    LATERAL_LOOK_SHARES,
    LATERAL_ACTIVATE, /* a program of another PC started by DCOM */
    LATERAL_SHUTDOWN,
    LATERAL_ADMIN_SHARE,
    LATERAL_ADMIN_COPY, /* a file written by an administrative share, elsewhere */
    LATERAL_NEW_RDP,    /* two PCs that never spoke so */
    LATERAL_NEW_SMB,
    LATERAL_SIGNS
};

struct lateral_about {
    const char *name;       /* for technicians */
    const char *es, *en;    /* "{device} ..." did what */
    enum severity severity; /* of the finding; SEVERITY_INFO: a hint, a test with this p */
    double p;
};
const struct lateral_about *lateral_about(enum lateral_sign sign);

/* By interface and operation as records of type "dcerpc" name them. */
enum lateral_sign lateral_call(struct str interface, struct str operation);
/* By the name of a pipe that is opened. */
enum lateral_sign lateral_pipe(struct str pipe);
/* C$, ADMIN$ and their like, whatever stands before: \\host\C$. */
bool lateral_share_is_admin(struct str share);
/* A file that was written to a share: `magic` as the record "file" has it, or "". */
enum lateral_sign lateral_written(struct str share, struct str path, struct str magic);
/* A name that Windows would run: by its ending; or what its first bytes say. */
bool lateral_is_program(struct str path, struct str magic);
/* The kind of service of a ticket is one that a PC or controller has by itself. */
bool lateral_service_is_machine(struct str service);
