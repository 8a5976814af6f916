/* SPDX-License-Identifier: Apache-2.0 */
/* The interfaces of Windows that matter in a shop, from Microsoft's Open Specifications: MS-SCMR,
 * MS-TSCH, MS-RRP, MS-SAMR, MS-LSAD, MS-LSAT, MS-DRSR, MS-SRVS, MS-WKST, MS-NRPC, MS-RPRN, MS-PAR,
 * MS-EFSR, MS-DFSNM, MS-FSRVP, MS-DCOM, MS-WMI, MS-EVEN, MS-EVEN6, MS-RSP, MS-DNSP, MS-ICPR,
 * MS-BKRP; C706 for epm and mgmt. */
#include "agent/net/proto/dcerpc.h"

#include <string.h>

struct operation {
    uint16_t opnum;
    const char *name;
};
struct dcerpc_interface {
    const char *name, *uuid;
    const struct operation *operations;
    size_t count;
};

static const struct operation SVCCTL[] = {
    {0, "CloseServiceHandle"},
    {1, "ControlService"},
    {2, "DeleteService"},
    {3, "LockServiceDatabase"},
    {4, "QueryServiceObjectSecurity"},
    {5, "SetServiceObjectSecurity"},
    {6, "QueryServiceStatus"},
    {7, "SetServiceStatus"},
    {8, "UnlockServiceDatabase"},
    {11, "ChangeServiceConfigW"},
    {12, "CreateServiceW"},
    {13, "EnumDependentServicesW"},
    {14, "EnumServicesStatusW"},
    {15, "OpenSCManagerW"},
    {16, "OpenServiceW"},
    {17, "QueryServiceConfigW"},
    {18, "QueryServiceLockStatusW"},
    {19, "StartServiceW"},
    {20, "GetServiceDisplayNameW"},
    {21, "GetServiceKeyNameW"},
    {23, "ChangeServiceConfigA"},
    {24, "CreateServiceA"},
    {25, "EnumDependentServicesA"},
    {26, "EnumServicesStatusA"},
    {27, "OpenSCManagerA"},
    {28, "OpenServiceA"},
    {29, "QueryServiceConfigA"},
    {30, "QueryServiceLockStatusA"},
    {31, "StartServiceA"},
    {32, "GetServiceDisplayNameA"},
    {33, "GetServiceKeyNameA"},
    {35, "EnumServiceGroupW"},
    {36, "ChangeServiceConfig2A"},
    {37, "ChangeServiceConfig2W"},
    {38, "QueryServiceConfig2A"},
    {39, "QueryServiceConfig2W"},
    {40, "QueryServiceStatusEx"},
    {41, "EnumServicesStatusExA"},
    {42, "EnumServicesStatusExW"},
    {44, "CreateServiceWOW64A"},
    {45, "CreateServiceWOW64W"},
    {50, "ControlServiceExA"},
    {51, "ControlServiceExW"},
    {60, "CreateWowService"},
    {64, "OpenSCManager2"},
};
static const struct operation ATSVC[] = {
    {0, "NetrJobAdd"},
    {1, "NetrJobDel"},
    {2, "NetrJobEnum"},
    {3, "NetrJobGetInfo"},
};
static const struct operation ITASKSCHEDULERSERVICE[] = {
    {0, "SchRpcHighestVersion"},
    {1, "SchRpcRegisterTask"},
    {2, "SchRpcRetrieveTask"},
    {3, "SchRpcCreateFolder"},
    {4, "SchRpcSetSecurity"},
    {5, "SchRpcGetSecurity"},
    {6, "SchRpcEnumFolders"},
    {7, "SchRpcEnumTasks"},
    {8, "SchRpcEnumInstances"},
    {9, "SchRpcGetInstanceInfo"},
    {10, "SchRpcStopInstance"},
    {11, "SchRpcStop"},
    {12, "SchRpcRun"},
    {13, "SchRpcDelete"},
    {14, "SchRpcRename"},
    {15, "SchRpcScheduledRuntimes"},
    {16, "SchRpcGetLastRunInfo"},
    {17, "SchRpcGetTaskInfo"},
    {18, "SchRpcGetNumberOfMissedRuns"},
    {19, "SchRpcEnableTask"},
};
static const struct operation SASEC[] = {
    {0, "SASetAccountInformation"},
    {1, "SASetNSAccountInformation"},
    {2, "SAGetNSAccountInformation"},
    {3, "SAGetAccountInformation"},
};
static const struct operation WINREG[] = {
    {0, "OpenClassesRoot"},
    {1, "OpenCurrentUser"},
    {2, "OpenLocalMachine"},
    {3, "OpenPerformanceData"},
    {4, "OpenUsers"},
    {5, "BaseRegCloseKey"},
    {6, "BaseRegCreateKey"},
    {7, "BaseRegDeleteKey"},
    {8, "BaseRegDeleteValue"},
    {9, "BaseRegEnumKey"},
    {10, "BaseRegEnumValue"},
    {11, "BaseRegFlushKey"},
    {12, "BaseRegGetKeySecurity"},
    {13, "BaseRegLoadKey"},
    {15, "BaseRegOpenKey"},
    {16, "BaseRegQueryInfoKey"},
    {17, "BaseRegQueryValue"},
    {18, "BaseRegReplaceKey"},
    {19, "BaseRegRestoreKey"},
    {20, "BaseRegSaveKey"},
    {21, "BaseRegSetKeySecurity"},
    {22, "BaseRegSetValue"},
    {23, "BaseRegUnLoadKey"},
    {26, "BaseRegGetVersion"},
    {27, "OpenCurrentConfig"},
    {29, "BaseRegQueryMultipleValues"},
    {31, "BaseRegSaveKeyEx"},
    {34, "BaseRegQueryMultipleValues2"},
    {35, "BaseRegDeleteKeyEx"},
};
static const struct operation SAMR[] = {
    {0, "SamrConnect"},
    {1, "SamrCloseHandle"},
    {2, "SamrSetSecurityObject"},
    {3, "SamrQuerySecurityObject"},
    {5, "SamrLookupDomainInSamServer"},
    {6, "SamrEnumerateDomainsInSamServer"},
    {7, "SamrOpenDomain"},
    {8, "SamrQueryInformationDomain"},
    {9, "SamrSetInformationDomain"},
    {10, "SamrCreateGroupInDomain"},
    {11, "SamrEnumerateGroupsInDomain"},
    {12, "SamrCreateUserInDomain"},
    {13, "SamrEnumerateUsersInDomain"},
    {14, "SamrCreateAliasInDomain"},
    {15, "SamrEnumerateAliasesInDomain"},
    {16, "SamrGetAliasMembership"},
    {17, "SamrLookupNamesInDomain"},
    {18, "SamrLookupIdsInDomain"},
    {19, "SamrOpenGroup"},
    {20, "SamrQueryInformationGroup"},
    {22, "SamrAddMemberToGroup"},
    {24, "SamrRemoveMemberFromGroup"},
    {25, "SamrGetMembersInGroup"},
    {27, "SamrOpenAlias"},
    {28, "SamrQueryInformationAlias"},
    {31, "SamrAddMemberToAlias"},
    {32, "SamrRemoveMemberFromAlias"},
    {33, "SamrGetMembersInAlias"},
    {34, "SamrOpenUser"},
    {35, "SamrDeleteUser"},
    {36, "SamrQueryInformationUser"},
    {37, "SamrSetInformationUser"},
    {38, "SamrChangePasswordUser"},
    {39, "SamrGetGroupsForUser"},
    {40, "SamrQueryDisplayInformation"},
    {44, "SamrGetUserDomainPasswordInformation"},
    {46, "SamrQueryInformationDomain2"},
    {47, "SamrQueryInformationUser2"},
    {48, "SamrQueryDisplayInformation2"},
    {50, "SamrCreateUser2InDomain"},
    {51, "SamrQueryDisplayInformation3"},
    {54, "SamrOemChangePasswordUser2"},
    {55, "SamrUnicodeChangePasswordUser2"},
    {56, "SamrGetDomainPasswordInformation"},
    {57, "SamrConnect2"},
    {58, "SamrSetInformationUser2"},
    {62, "SamrConnect4"},
    {64, "SamrConnect5"},
    {65, "SamrRidToSid"},
    {67, "SamrValidatePassword"},
};
static const struct operation LSARPC[] = {
    {0, "LsarClose"},
    {2, "LsarEnumeratePrivileges"},
    {3, "LsarQuerySecurityObject"},
    {6, "LsarOpenPolicy"},
    {7, "LsarQueryInformationPolicy"},
    {8, "LsarSetInformationPolicy"},
    {10, "LsarCreateAccount"},
    {11, "LsarEnumerateAccounts"},
    {12, "LsarCreateTrustedDomain"},
    {13, "LsarEnumerateTrustedDomains"},
    {14, "LsarLookupNames"},
    {15, "LsarLookupSids"},
    {16, "LsarCreateSecret"},
    {17, "LsarOpenAccount"},
    {18, "LsarEnumeratePrivilegesAccount"},
    {25, "LsarOpenTrustedDomain"},
    {28, "LsarOpenSecret"},
    {29, "LsarSetSecret"},
    {30, "LsarQuerySecret"},
    {31, "LsarLookupPrivilegeValue"},
    {34, "LsarDeleteObject"},
    {35, "LsarEnumerateAccountsWithUserRight"},
    {36, "LsarEnumerateAccountRights"},
    {37, "LsarAddAccountRights"},
    {42, "LsarStorePrivateData"},
    {43, "LsarRetrievePrivateData"},
    {44, "LsarOpenPolicy2"},
    {45, "LsarGetUserName"},
    {46, "LsarQueryInformationPolicy2"},
    {50, "LsarEnumerateTrustedDomainsEx"},
    {57, "LsarLookupSids2"},
    {58, "LsarLookupNames2"},
    {68, "LsarLookupNames3"},
    {76, "LsarLookupSids3"},
    {77, "LsarLookupNames4"},
    {130, "LsarOpenPolicy3"},
};
static const struct operation DRSUAPI[] = {
    {0, "DRSBind"},
    {1, "DRSUnbind"},
    {2, "DRSReplicaSync"},
    {3, "DRSGetNCChanges"},
    {4, "DRSUpdateRefs"},
    {5, "DRSReplicaAdd"},
    {6, "DRSReplicaDel"},
    {7, "DRSReplicaModify"},
    {8, "DRSVerifyNames"},
    {9, "DRSGetMemberships"},
    {10, "DRSInterDomainMove"},
    {11, "DRSGetNT4ChangeLog"},
    {12, "DRSCrackNames"},
    {13, "DRSWriteSPN"},
    {14, "DRSRemoveDsServer"},
    {15, "DRSRemoveDsDomain"},
    {16, "DRSDomainControllerInfo"},
    {17, "DRSAddEntry"},
    {18, "DRSExecuteKCC"},
    {19, "DRSGetReplInfo"},
    {20, "DRSAddSidHistory"},
    {21, "DRSGetMemberships2"},
};
static const struct operation SRVSVC[] = {
    {8, "NetrConnectionEnum"}, {9, "NetrFileEnum"},         {10, "NetrFileGetInfo"},
    {11, "NetrFileClose"},     {12, "NetrSessionEnum"},     {13, "NetrSessionDel"},
    {14, "NetrShareAdd"},      {15, "NetrShareEnum"},       {16, "NetrShareGetInfo"},
    {17, "NetrShareSetInfo"},  {18, "NetrShareDel"},        {21, "NetrServerGetInfo"},
    {22, "NetrServerSetInfo"}, {23, "NetrServerDiskEnum"},  {24, "NetrServerStatisticsGet"},
    {28, "NetrRemoteTOD"},     {30, "NetprPathType"},       {31, "NetprPathCanonicalize"},
    {32, "NetprPathCompare"},  {33, "NetprNameValidate"},   {34, "NetprNameCanonicalize"},
    {35, "NetprNameCompare"},  {36, "NetrShareEnumSticky"},
};
static const struct operation WKSSVC[] = {
    {0, "NetrWkstaGetInfo"},
    {1, "NetrWkstaSetInfo"},
    {2, "NetrWkstaUserEnum"},
    {5, "NetrWkstaTransportEnum"},
    {8, "NetrUseAdd"},
    {11, "NetrUseEnum"},
    {13, "NetrWorkstationStatisticsGet"},
    {20, "NetrGetJoinInformation"},
    {22, "NetrJoinDomain2"},
};
static const struct operation NETLOGON[] = {
    {2, "NetrLogonSamLogon"},
    {3, "NetrLogonSamLogoff"},
    {4, "NetrServerReqChallenge"},
    {5, "NetrServerAuthenticate"},
    {6, "NetrServerPasswordSet"},
    {7, "NetrDatabaseDeltas"},
    {8, "NetrDatabaseSync"},
    {11, "NetrGetDCName"},
    {12, "NetrLogonControl"},
    {15, "NetrServerAuthenticate2"},
    {20, "DsrGetDcName"},
    {21, "NetrLogonGetCapabilities"},
    {26, "NetrServerAuthenticate3"},
    {27, "DsrGetDcNameEx"},
    {28, "DsrGetSiteName"},
    {29, "NetrLogonGetDomainInfo"},
    {30, "NetrServerPasswordSet2"},
    {31, "NetrServerPasswordGet"},
    {34, "DsrGetDcNameEx2"},
    {39, "NetrLogonSamLogonEx"},
    {40, "DsrEnumerateDomainTrusts"},
    {42, "NetrServerTrustPasswordsGet"},
    {45, "NetrLogonSamLogonWithFlags"},
    {46, "NetrServerGetTrustInfo"},
};
static const struct operation SPOOLSS[] = {
    {0, "RpcEnumPrinters"},
    {1, "RpcOpenPrinter"},
    {2, "RpcSetJob"},
    {5, "RpcAddPrinter"},
    {9, "RpcAddPrinterDriver"},
    {10, "RpcEnumPrinterDrivers"},
    {12, "RpcGetPrinterDriverDirectory"},
    {17, "RpcStartDocPrinter"},
    {19, "RpcWritePrinter"},
    {29, "RpcClosePrinter"},
    {65, "RpcRemoteFindFirstPrinterChangeNotificationEx"},
    {69, "RpcOpenPrinterEx"},
    {70, "RpcAddPrinterEx"},
    {89, "RpcAddPrinterDriverEx"},
};
static const struct operation IREMOTEWINSPOOL[] = {
    {0, "RpcAsyncOpenPrinter"},
    {39, "RpcAsyncAddPrinterDriver"},
    {62, "RpcAsyncInstallPrinterDriverFromPackage"},
};
static const struct operation EFSRPC[] = {
    {0, "EfsRpcOpenFileRaw"},      {1, "EfsRpcReadFileRaw"},         {2, "EfsRpcWriteFileRaw"},
    {3, "EfsRpcCloseRaw"},         {4, "EfsRpcEncryptFileSrv"},      {5, "EfsRpcDecryptFileSrv"},
    {6, "EfsRpcQueryUsersOnFile"}, {7, "EfsRpcQueryRecoveryAgents"},
};
static const struct operation NETDFS[] = {
    {12, "NetrDfsAddStdRoot"},
    {13, "NetrDfsRemoveStdRoot"},
};
static const struct operation FILESERVERVSSAGENT[] = {
    {8, "IsPathSupported"},
    {9, "IsPathShadowCopied"},
};
static const struct operation EPM[] = {
    {0, "ept_insert"},
    {1, "ept_delete"},
    {2, "ept_lookup"},
    {3, "ept_map"},
    {4, "ept_lookup_handle_free"},
    {5, "ept_inq_object"},
    {6, "ept_mgmt_delete"},
};
static const struct operation MGMT[] = {
    {0, "inq_if_ids"},          {1, "inq_stats"},
    {2, "is_server_listening"}, {3, "stop_server_listening"},
    {4, "inq_princ_name"},
};
static const struct operation IOBJECTEXPORTER[] = {
    {0, "ResolveOxid"}, {1, "SimplePing"},   {2, "ComplexPing"},
    {3, "ServerAlive"}, {4, "ResolveOxid2"}, {5, "ServerAlive2"},
};
static const struct operation IREMOTESCMACTIVATOR[] = {
    {3, "RemoteGetClassObject"},
    {4, "RemoteCreateInstance"},
};
static const struct operation IACTIVATION[] = {
    {0, "RemoteActivation"},
};
static const struct operation IREMUNKNOWN[] = {
    {3, "RemQueryInterface"},
    {4, "RemAddRef"},
    {5, "RemRelease"},
};
static const struct operation IREMUNKNOWN2[] = {
    {3, "RemQueryInterface"},
    {4, "RemAddRef"},
    {5, "RemRelease"},
    {6, "RemQueryInterface2"},
};
static const struct operation IDISPATCH[] = {
    {3, "GetTypeInfoCount"},
    {4, "GetTypeInfo"},
    {5, "GetIDsOfNames"},
    {6, "Invoke"},
};
static const struct operation IWBEMSERVICES[] = {
    {3, "OpenNamespace"},
    {4, "CancelAsyncCall"},
    {5, "QueryObjectSink"},
    {6, "GetObject"},
    {7, "GetObjectAsync"},
    {8, "PutClass"},
    {9, "PutClassAsync"},
    {10, "DeleteClass"},
    {11, "DeleteClassAsync"},
    {12, "CreateClassEnum"},
    {13, "CreateClassEnumAsync"},
    {14, "PutInstance"},
    {15, "PutInstanceAsync"},
    {16, "DeleteInstance"},
    {17, "DeleteInstanceAsync"},
    {18, "CreateInstanceEnum"},
    {19, "CreateInstanceEnumAsync"},
    {20, "ExecQuery"},
    {21, "ExecQueryAsync"},
    {22, "ExecNotificationQuery"},
    {23, "ExecNotificationQueryAsync"},
    {24, "ExecMethod"},
    {25, "ExecMethodAsync"},
};
static const struct operation IWBEMLEVEL1LOGIN[] = {
    {3, "EstablishPosition"},
    {4, "RequestChallenge"},
    {5, "WBEMLogin"},
    {6, "NTLMLogin"},
};
static const struct operation IWBEMLOGINCLIENTID[] = {
    {3, "SetClientInfo"},
};
static const struct operation IENUMWBEMCLASSOBJECT[] = {
    {3, "Reset"}, {4, "Next"}, {5, "NextAsync"}, {6, "Clone"}, {7, "Skip"},
};
static const struct operation IWBEMFETCHSMARTENUM[] = {
    {3, "GetSmartEnum"},
};
static const struct operation IWBEMWCOSMARTENUM[] = {
    {3, "Next"},
};
static const struct operation EVENTLOG[] = {
    {0, "ElfrClearELFW"}, {1, "ElfrBackupELFW"}, {2, "ElfrCloseEL"},  {4, "ElfrNumberOfRecords"},
    {7, "ElfrOpenELW"},   {9, "ElfrOpenBELW"},   {10, "ElfrReadELW"}, {12, "ElfrClearELFA"},
};
static const struct operation IEVENTSERVICE[] = {
    {6, "EvtRpcClearLog"},
    {7, "EvtRpcExportLog"},
};
static const struct operation INITSHUTDOWN[] = {
    {0, "BaseInitiateShutdown"},
    {1, "BaseAbortShutdown"},
    {2, "BaseInitiateShutdownEx"},
};
static const struct operation WINDOWSSHUTDOWN[] = {
    {0, "WsdrInitiateShutdown"},
    {1, "WsdrAbortShutdown"},
};
static const struct operation DNSSERVER[] = {
    {0, "R_DnssrvOperation"},  {1, "R_DnssrvQuery"},         {2, "R_DnssrvComplexOperation"},
    {5, "R_DnssrvOperation2"}, {9, "R_DnssrvUpdateRecord2"},
};
static const struct operation ICERTPASSAGE[] = {
    {0, "CertServerRequest"},
};
static const struct operation BACKUPKEY[] = {
    {0, "BackuprKey"},
};
static const struct operation MSGSVC[] = {
    {0, "NetrSendMessage"},
};
static const struct operation BROWSER[] = {
    {0, "I_BrowserrServerEnum"},
};
static const struct operation DSSETUP[] = {
    {0, "DsRolerGetPrimaryDomainInformation"},
    {9, "DsRolerUpgradeDownlevelServer"},
};
/* of Windows 2000's plug and play; never specified: the advisory MS05-039 names the call */
static const struct operation PNP[] = {
    {54, "PNP_QueryResConfList"},
};
static const struct operation NSPI[] = {
    {0, "NspiBind"},
    {1, "NspiUnbind"},
};
static const struct operation RFR[] = {
    {0, "RfrGetNewDSA"},
};

static const struct dcerpc_interface INTERFACES[] = {
    {"svcctl", "367abb81-9844-35f1-ad32-98f038001003", SVCCTL, VG_ARRAY_LEN(SVCCTL)},
    {"atsvc", "1ff70682-0a51-30e8-076d-740be8cee98b", ATSVC, VG_ARRAY_LEN(ATSVC)},
    {"ITaskSchedulerService", "86d35949-83c9-4044-b424-db363231fd0c", ITASKSCHEDULERSERVICE,
     VG_ARRAY_LEN(ITASKSCHEDULERSERVICE)},
    {"sasec", "378e52b0-c0a9-11cf-822d-00aa0051e40f", SASEC, VG_ARRAY_LEN(SASEC)},
    {"winreg", "338cd001-2244-31f1-aaaa-900038001003", WINREG, VG_ARRAY_LEN(WINREG)},
    {"samr", "12345778-1234-abcd-ef00-0123456789ac", SAMR, VG_ARRAY_LEN(SAMR)},
    {"lsarpc", "12345778-1234-abcd-ef00-0123456789ab", LSARPC, VG_ARRAY_LEN(LSARPC)},
    {"drsuapi", "e3514235-4b06-11d1-ab04-00c04fc2dcd2", DRSUAPI, VG_ARRAY_LEN(DRSUAPI)},
    {"srvsvc", "4b324fc8-1670-01d3-1278-5a47bf6ee188", SRVSVC, VG_ARRAY_LEN(SRVSVC)},
    {"wkssvc", "6bffd098-a112-3610-9833-46c3f87e345a", WKSSVC, VG_ARRAY_LEN(WKSSVC)},
    {"netlogon", "12345678-1234-abcd-ef00-01234567cffb", NETLOGON, VG_ARRAY_LEN(NETLOGON)},
    {"spoolss", "12345678-1234-abcd-ef00-0123456789ab", SPOOLSS, VG_ARRAY_LEN(SPOOLSS)},
    {"IRemoteWinspool", "76f03f96-cdfd-44fc-a22c-64950a001209", IREMOTEWINSPOOL,
     VG_ARRAY_LEN(IREMOTEWINSPOOL)},
    {"efsrpc", "c681d488-d850-11d0-8c52-00c04fd90f7e", EFSRPC, VG_ARRAY_LEN(EFSRPC)},
    {"efsrpc", "df1941c5-fe89-4e79-bf10-463657acf44d", EFSRPC, VG_ARRAY_LEN(EFSRPC)},
    {"netdfs", "4fc742e0-4a10-11cf-8273-00aa004ae673", NETDFS, VG_ARRAY_LEN(NETDFS)},
    {"FileServerVssAgent", "a8e0653c-2744-4389-a61d-7373df8b2292", FILESERVERVSSAGENT,
     VG_ARRAY_LEN(FILESERVERVSSAGENT)},
    {"epm", "e1af8308-5d1f-11c9-91a4-08002b14a0fa", EPM, VG_ARRAY_LEN(EPM)},
    {"mgmt", "afa8bd80-7d8a-11c9-bef4-08002b102989", MGMT, VG_ARRAY_LEN(MGMT)},
    {"IObjectExporter", "99fcfec4-5260-101b-bbcb-00aa0021347a", IOBJECTEXPORTER,
     VG_ARRAY_LEN(IOBJECTEXPORTER)},
    {"IRemoteSCMActivator", "000001a0-0000-0000-c000-000000000046", IREMOTESCMACTIVATOR,
     VG_ARRAY_LEN(IREMOTESCMACTIVATOR)},
    {"IActivation", "4d9f4ab8-7d1c-11cf-861e-0020af6e7c57", IACTIVATION, VG_ARRAY_LEN(IACTIVATION)},
    {"IRemUnknown", "00000131-0000-0000-c000-000000000046", IREMUNKNOWN, VG_ARRAY_LEN(IREMUNKNOWN)},
    {"IRemUnknown2", "00000143-0000-0000-c000-000000000046", IREMUNKNOWN2,
     VG_ARRAY_LEN(IREMUNKNOWN2)},
    {"IDispatch", "00020400-0000-0000-c000-000000000046", IDISPATCH, VG_ARRAY_LEN(IDISPATCH)},
    {"IWbemServices", "9556dc99-828c-11cf-a37e-00aa003240c7", IWBEMSERVICES,
     VG_ARRAY_LEN(IWBEMSERVICES)},
    {"IWbemLevel1Login", "f309ad18-d86a-11d0-a075-00c04fb68820", IWBEMLEVEL1LOGIN,
     VG_ARRAY_LEN(IWBEMLEVEL1LOGIN)},
    {"IWbemLoginClientID", "d4781cd6-e5d3-44df-ad94-930efe48a887", IWBEMLOGINCLIENTID,
     VG_ARRAY_LEN(IWBEMLOGINCLIENTID)},
    {"IEnumWbemClassObject", "027947e1-d731-11ce-a357-000000000001", IENUMWBEMCLASSOBJECT,
     VG_ARRAY_LEN(IENUMWBEMCLASSOBJECT)},
    {"IWbemFetchSmartEnum", "1c1c45ee-4395-11d2-b60b-00104b703efd", IWBEMFETCHSMARTENUM,
     VG_ARRAY_LEN(IWBEMFETCHSMARTENUM)},
    {"IWbemWCOSmartEnum", "423ec01e-2e35-11d2-b604-00104b703efd", IWBEMWCOSMARTENUM,
     VG_ARRAY_LEN(IWBEMWCOSMARTENUM)},
    {"eventlog", "82273fdc-e32a-18c3-3f78-827929dc23ea", EVENTLOG, VG_ARRAY_LEN(EVENTLOG)},
    {"IEventService", "f6beaff7-1e19-4fbb-9f8f-b89e2018337c", IEVENTSERVICE,
     VG_ARRAY_LEN(IEVENTSERVICE)},
    {"InitShutdown", "894de0c0-0d55-11d3-a322-00c04fa321a1", INITSHUTDOWN,
     VG_ARRAY_LEN(INITSHUTDOWN)},
    {"WindowsShutdown", "d95afe70-a6d5-4259-822e-2c84da1ddb0d", WINDOWSSHUTDOWN,
     VG_ARRAY_LEN(WINDOWSSHUTDOWN)},
    {"DnsServer", "50abc2a4-574d-40b3-9d66-ee4fd5fba076", DNSSERVER, VG_ARRAY_LEN(DNSSERVER)},
    {"ICertPassage", "91ae6020-9e3c-11cf-8d7c-00aa00c091be", ICERTPASSAGE,
     VG_ARRAY_LEN(ICERTPASSAGE)},
    {"BackupKey", "3dde7c30-165d-11d1-ab8f-00805f14db40", BACKUPKEY, VG_ARRAY_LEN(BACKUPKEY)},
    {"msgsvc", "5a7b91f8-ff00-11d0-a9b2-00c04fb6e6fc", MSGSVC, VG_ARRAY_LEN(MSGSVC)},
    {"browser", "6bffd098-a112-3610-9833-012892020162", BROWSER, VG_ARRAY_LEN(BROWSER)},
    {"trkwks", "300f3532-38cc-11d0-a3f0-0020af6b0add", NULL, 0},
    {"dssetup", "3919286a-b10c-11d0-9ba8-00c04fd92ef5", DSSETUP, VG_ARRAY_LEN(DSSETUP)},
    {"pnp", "8d9f4e40-a03d-11ce-8f69-08003e30051b", PNP, VG_ARRAY_LEN(PNP)},
    {"nspi", "f5cc5a18-4264-101a-8c59-08002b2f8426", NSPI, VG_ARRAY_LEN(NSPI)},
    {"rfr", "1544f5e0-613c-11d1-93df-00c04fd7bd09", RFR, VG_ARRAY_LEN(RFR)},
    {"emsmdb", "a4f1db00-ca47-1067-b31f-00dd010662da", NULL, 0},
    {"IXnRemote", "906b0ce0-c70b-1067-b317-00dd010662da", NULL, 0},
    {"W32Time", "8fb6d884-2388-11d0-8c35-00c04fda2795", NULL, 0},
    {"dhcpsrv", "6bffd098-a112-3610-9833-46c3f874532d", NULL, 0},
};

const struct dcerpc_interface *
dcerpc_interface_find(const char *uuid)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(INTERFACES); i++)
        if (strcmp(INTERFACES[i].uuid, uuid) == 0)
            return &INTERFACES[i];
    return NULL;
}

const char *
dcerpc_interface_name(const struct dcerpc_interface *i)
{
    return i->name;
}

const char *
dcerpc_operation_name(const struct dcerpc_interface *i, uint16_t opnum)
{
    for (size_t k = 0; k < i->count; k++)
        if (i->operations[k].opnum == opnum)
            return i->operations[k].name;
    return NULL;
}
