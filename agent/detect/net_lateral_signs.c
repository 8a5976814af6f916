/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces and operations: MS-SCMR (services), MS-TSCH (tasks), MS-WMI, MS-DCOM, MS-OAUT
 * (IDispatch), MS-RRP (registry), MS-EVEN, MS-EVEN6 (event logs), MS-SAMR (accounts), MS-SRVS, MS-WKST
 * (shares, sessions), MS-RSP (shutdown). Pipes: the names that the tools' own sources give. */
#include "agent/detect/net_lateral_signs.h"

static const struct lateral_about ABOUT[LATERAL_SIGNS] = {
    [LATERAL_NONE] = {"none", "", "", SEVERITY_INFO, 1},
    [LATERAL_SERVICE] = {"service", "instaló o cambió un servicio de Windows en",
                         "installed or changed a Windows service on", SEVERITY_HIGH, 0},
    [LATERAL_SERVICE_RUN] = {"service_run", "arrancó, detuvo o borró un servicio de Windows en",
                             "started, stopped or removed a Windows service on", SEVERITY_MEDIUM,
                             0},
    [LATERAL_TASK] = {"task", "programó o ejecutó una tarea en", "planned or ran a task on",
                      SEVERITY_HIGH, 0},
    [LATERAL_TASK_LIST] = {"task_list", "revisó las tareas programadas de",
                           "listed the planned tasks of", SEVERITY_MEDIUM, 0},
    [LATERAL_WMI] = {"wmi", "dio órdenes por WMI (administración de Windows) a",
                     "gave orders by WMI (Windows management) to", SEVERITY_HIGH, 0},
    [LATERAL_DCOM] = {"dcom", "manejó a distancia un programa abierto en",
                      "remotely drove a program on", SEVERITY_HIGH, 0},
    [LATERAL_REGISTRY] = {"registry", "cambió o copió el registro de Windows de",
                          "changed or copied the Windows registry of", SEVERITY_HIGH, 0},
    [LATERAL_LOG] = {"log", "borró la bitácora de eventos de", "cleared the event log of",
                     SEVERITY_HIGH, 0},
    [LATERAL_ACCOUNT] = {"account", "creó una cuenta o le dio permisos en",
                         "made an account, or gave one rights, on", SEVERITY_HIGH, 0},
    [LATERAL_SHARE] = {"share", "compartió una carpeta nueva en", "shared a new folder of",
                       SEVERITY_MEDIUM, 0},
    [LATERAL_SHELL] = {"shell", "abrió una línea de comandos (WinRM) en",
                       "opened a command line (WinRM) on", SEVERITY_HIGH, 0},
    [LATERAL_TOOL] = {"tool", "abrió el canal de una herramienta de control remoto en",
                      "opened the channel of a remote-control tool on", SEVERITY_HIGH, 0},
    [LATERAL_PROGRAM] = {"program", "dejó un programa en las carpetas del sistema de",
                         "put a program into the system folders of", SEVERITY_HIGH, 0},
    [LATERAL_ADMIN_WRITE] = {"admin_write", "escribió en las carpetas del sistema de",
                             "wrote into the system folders of", SEVERITY_MEDIUM, 0},
    [LATERAL_REPLICATION] = {"replication", "pidió las claves de todo el dominio a",
                             "asked for the secrets of the whole domain from", SEVERITY_CRITICAL,
                             0},
    [LATERAL_ROAST] = {"roast", "pidió muchos boletos débiles para adivinar contraseñas a",
                       "collected many weak tickets, from which passwords can be guessed, from",
                       SEVERITY_HIGH, 0},
    [LATERAL_ROAST_USER] = {"roast_user", "sacó, sin contraseña, un boleto débil de un usuario de",
                            "took, without a password, a user's weak ticket from", SEVERITY_MEDIUM,
                            0},
    [LATERAL_SEARCH] = {"search",
                        "preguntó en varios equipos quién los usa o administra; el último:",
                        "asked several PCs who uses or manages them; the last one:", SEVERITY_HIGH,
                        0},
    [LATERAL_SHARES] = {"shares", "listó las carpetas compartidas de muchos equipos; el último:",
                        "listed the shared folders of many PCs; the last one:", SEVERITY_MEDIUM, 0},
    [LATERAL_LOOK_SERVICE] = {"look_service", "revisó los servicios de Windows de",
                              "looked at the Windows services of", SEVERITY_INFO, 2e-3},
    [LATERAL_LOOK_REGISTRY] = {"look_registry", "leyó el registro de Windows de",
                               "read the Windows registry of", SEVERITY_INFO, 5e-3},
    [LATERAL_LOOK_WMI] = {"look_wmi", "consultó por WMI a", "queried by WMI", SEVERITY_INFO, 3e-3},
    [LATERAL_LOOK_USERS] = {"look_users", "preguntó quién usa o administra",
                            "asked who uses or manages", SEVERITY_INFO, 5e-3},
    [LATERAL_LOOK_SHARES] = {"look_shares", "listó las carpetas compartidas de",
                             "listed the shared folders of", SEVERITY_INFO, 0.2},
    [LATERAL_ACTIVATE] = {"activate", "abrió a distancia un programa (DCOM) de",
                          "remotely opened a program (DCOM) of", SEVERITY_INFO, 3e-3},
    [LATERAL_SHUTDOWN] = {"shutdown", "mandó apagar", "ordered the shutdown of", SEVERITY_INFO,
                          1e-3},
    [LATERAL_ADMIN_SHARE] = {"admin_share", "abrió una carpeta de administración de",
                             "opened an administrative share of", SEVERITY_INFO, 1e-2},
    [LATERAL_ADMIN_COPY] = {"admin_copy", "copió un archivo, por carpeta de administración, a",
                            "copied a file, by an administrative share, to", SEVERITY_INFO, 2e-3},
    [LATERAL_NEW_RDP] = {"new_rdp", "abrió por primera vez el escritorio remoto de",
                         "for the first time opened the remote desktop of", SEVERITY_INFO, 0},
    [LATERAL_NEW_SMB] = {"new_smb", "entró por primera vez a las carpetas de",
                         "for the first time opened the shared folders of", SEVERITY_INFO, 0},
};

const struct lateral_about *
lateral_about(enum lateral_sign sign)
{
    return &ABOUT[sign < LATERAL_SIGNS ? sign : LATERAL_NONE];
}

struct call {
    const char *interface,
        *operation; /* an operation that ends in * stands for all that begin so */
    enum lateral_sign sign;
};

/* The first row that fits. */
static const struct call CALLS[] = {
    {"svcctl", "CreateService*", LATERAL_SERVICE},
    {"svcctl", "CreateWowService", LATERAL_SERVICE},
    {"svcctl", "ChangeServiceConfig*", LATERAL_SERVICE},
    {"svcctl", "StartService*", LATERAL_SERVICE_RUN},
    {"svcctl", "ControlService*", LATERAL_SERVICE_RUN},
    {"svcctl", "DeleteService", LATERAL_SERVICE_RUN},
    {"svcctl", "OpenSCManager*", LATERAL_LOOK_SERVICE},
    {"atsvc", "NetrJobAdd", LATERAL_TASK},
    {"ITaskSchedulerService", "SchRpcRegisterTask", LATERAL_TASK},
    {"ITaskSchedulerService", "SchRpcRun", LATERAL_TASK},
    {"ITaskSchedulerService", "SchRpcEnableTask", LATERAL_TASK},
    {"ITaskSchedulerService", "SchRpcDelete", LATERAL_TASK},
    {"ITaskSchedulerService", "SchRpcEnum*", LATERAL_TASK_LIST},
    {"ITaskSchedulerService", "SchRpcRetrieveTask", LATERAL_TASK_LIST},
    {"sasec", "SASet*", LATERAL_TASK},
    {"IWbemServices", "ExecMethod*", LATERAL_WMI},
    {"IWbemServices", "Put*", LATERAL_WMI},
    {"IWbemServices", "ExecQuery*", LATERAL_LOOK_WMI},
    {"IWbemServices", "ExecNotificationQuery*", LATERAL_LOOK_WMI},
    {"IWbemServices", "CreateInstanceEnum*", LATERAL_LOOK_WMI},
    {"IDispatch", "Invoke", LATERAL_DCOM},
    {"IRemoteSCMActivator", "Remote*", LATERAL_ACTIVATE},
    {"IActivation", "RemoteActivation", LATERAL_ACTIVATE},
    {"winreg", "BaseRegCreateKey", LATERAL_REGISTRY},
    {"winreg", "BaseRegSetValue", LATERAL_REGISTRY},
    {"winreg", "BaseRegDelete*", LATERAL_REGISTRY},
    {"winreg", "BaseRegSaveKey*", LATERAL_REGISTRY},
    {"winreg", "BaseRegReplaceKey", LATERAL_REGISTRY},
    {"winreg", "BaseRegRestoreKey", LATERAL_REGISTRY},
    {"winreg", "BaseRegLoadKey", LATERAL_REGISTRY},
    {"winreg", "OpenUsers", LATERAL_LOOK_USERS},
    {"winreg", "OpenLocalMachine", LATERAL_LOOK_REGISTRY},
    {"eventlog", "ElfrClearELF*", LATERAL_LOG},
    {"IEventService", "EvtRpcClearLog", LATERAL_LOG},
    {"srvsvc", "NetrSessionEnum", LATERAL_LOOK_USERS},
    {"srvsvc", "NetrShareEnum*", LATERAL_LOOK_SHARES},
    {"srvsvc", "NetrShareAdd", LATERAL_SHARE},
    {"wkssvc", "NetrWkstaUserEnum", LATERAL_LOOK_USERS},
    {"samr", "SamrGetMembersInAlias", LATERAL_LOOK_USERS},
    {"samr", "SamrEnumerateUsersInDomain", LATERAL_LOOK_USERS},
    {"samr", "SamrAddMemberToAlias", LATERAL_ACCOUNT},
    {"samr", "SamrAddMemberToGroup", LATERAL_ACCOUNT},
    {"samr", "SamrCreateUser*", LATERAL_ACCOUNT},
    {"drsuapi", "DRSGetNCChanges", LATERAL_REPLICATION},
    {"InitShutdown", "BaseInitiateShutdown*", LATERAL_SHUTDOWN},
    {"WindowsShutdown", "WsdrInitiateShutdown", LATERAL_SHUTDOWN},
};

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool
begins(struct str text, const char *with)
{
    struct str w = str_of(with);

    return text.len >= w.len && str_eq_nocase(str_n(text.at, w.len), w);
}

static bool
ends(struct str text, const char *with)
{
    struct str w = str_of(with);

    return text.len >= w.len && str_eq_nocase(str_n(text.at + (text.len - w.len), w.len), w);
}

static bool
fits(struct str text, const char *pattern)
{
    size_t n = strlen(pattern);

    if (n > 0 && pattern[n - 1] == '*')
        return text.len >= n - 1 && memcmp(text.at, pattern, n - 1) == 0;
    return str_is(text, pattern);
}

enum lateral_sign
lateral_call(struct str interface, struct str operation)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(CALLS); i++) {
        if (str_is(interface, CALLS[i].interface) && fits(operation, CALLS[i].operation))
            return CALLS[i].sign;
    }
    return LATERAL_NONE;
}

/* Beginnings of the pipes of PsExec and its relatives, and of implants that talk from PC to PC by
 * a pipe; none is one of Windows' own. */
enum lateral_sign
lateral_pipe(struct str pipe)
{
    static const char *const beginnings[] = {
        "psexe",     "psexec",  "remcom",       "paexec",     "csexec",     "winexesvc",
        "xcmdsvc",   "ahexec",  "msagent_",     "msse-",      "postex_",    "status_",
        "gruntsvc",  "lsadump", "cachedump",    "wceservice", "isapi_http", "jaccdpqnvbrrxlaf",
        "adminpipe", "bizkaz",  "pcheap_reuse", "smbexec",    "sliver",     "havoc",
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(beginnings); i++) {
        if (begins(pipe, beginnings[i]))
            return LATERAL_TOOL;
    }
    return LATERAL_NONE;
}

bool
lateral_share_is_admin(struct str share)
{
    size_t at = share.len;

    while (at > 0 && share.at[at - 1] != '\\' && share.at[at - 1] != '/')
        at--;
    share = str_n(share.at + at, share.len - at);
    return (share.len == 2 && lower(share.at[0]) >= 'a' && lower(share.at[0]) <= 'z' &&
            share.at[1] == '$') ||
           str_eq_nocase(share, str_of("admin$"));
}

bool
lateral_is_program(struct str path, struct str magic)
{
    static const char *const endings[] = {".exe", ".dll", ".sys", ".scr", ".com", ".bat",
                                          ".cmd", ".ps1", ".vbs", ".vbe", ".wsf", ".hta",
                                          ".msi", ".pif", ".cpl", ".jse"};

    if (str_is(magic, "exe") || str_is(magic, "elf"))
        return true;
    for (size_t i = 0; i < VG_ARRAY_LEN(endings); i++) {
        if (ends(path, endings[i]))
            return true;
    }
    return false;
}

enum lateral_sign
lateral_written(struct str share, struct str path, struct str magic)
{
    bool admin = lateral_share_is_admin(share), program = lateral_is_program(path, magic);

    if (str_has_nocase(path, str_of("\\start menu\\programs\\startup\\")) || (admin && program))
        return LATERAL_PROGRAM;
    if (!admin)
        return LATERAL_NONE;
    return ends(share, "admin$") || begins(path, "windows\\") || begins(path, "programdata\\")
               ? LATERAL_ADMIN_WRITE
               : LATERAL_ADMIN_COPY;
}

/* Services that run as the machine itself, whose password nobody guesses (MS-ADTS, 3.1.1.5.1.3). */
bool
lateral_service_is_machine(struct str service)
{
    static const char *const machine[] = {"krbtgt/",  "ldap/",
                                          "cifs/",    "host/",
                                          "gc/",      "dns/",
                                          "rpcss/",   "wsman/",
                                          "termsrv/", "restrictedkrbhost/",
                                          "rpc/",     "protectedstorage/",
                                          "e3514235-"};

    for (size_t i = 0; i < VG_ARRAY_LEN(machine); i++) {
        if (begins(service, machine[i]))
            return true;
    }
    return service.len == 0 || str_has_nocase(service, str_of("$"));
}
