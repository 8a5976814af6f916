/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Office_Macro_Dropper
{
    meta:
        author = "Vigia"
        description_es = "documento de Office que al abrirse descarga y ejecuta un programa"
        description_en = "an Office document that downloads and runs a program when it is opened"
        reference = "https://attack.mitre.org/techniques/T1204/002/"
        severity = "high"
        false_positives = "In-house macros that update themselves from a server do the same; have them signed."
        needs = "autoopen|auto_open|document_open|workbook_open|autoexec|autoclose|auto_close|document_close"
        needs = "urldownloadtofile|xmlhttp|winhttp.winhttprequest|downloadfile|downloadstring|certutil|mshta"
        max_bytes = 10485759
    strings:
        $auto1 = /\b(Auto_?Open|Document_Open|Workbook_Open|AutoExec|Auto_?Close|Document_Close)\b/ nocase
        $run1 = /Shell\s*\(/ nocase
        $run2 = "WScript.Shell" nocase
        $run3 = "Shell.Application" nocase
        $run4 = /\.(Run|Exec|ShellExecute)\s*[("]/ nocase
        $run5 = "Win32_Process" nocase
        $get1 = "URLDownloadToFile" nocase
        $get2 = "XMLHTTP" nocase
        $get3 = "WinHttp.WinHttpRequest" nocase
        $get4 = "DownloadFile" nocase
        $get5 = "DownloadString" nocase
        $get6 = /certutil[^\n]{0,40}-urlcache/ nocase
        $get7 = /mshta(\.exe)?["' ]+https?:/ nocase
        $save1 = "ADODB.Stream" nocase
        $save2 = "SaveToFile" nocase
        $save3 = /Environ\$?\s*\(\s*"(TEMP|TMP|APPDATA|PUBLIC)/ nocase
        $save4 = /(powershell|cmd)(\.exe)?["' ]/ nocase
        $vba1 = "Attribute VB_Name" nocase
        $vba2 = "VBA6" nocase
        $vba3 = "VBA7" nocase
        $vba4 = "_VBA_PROJECT" ascii wide
        $vba5 = /\bSub\s+\w{1,60}\s*\(\s*\)/ nocase
    condition:
        filesize < 10MB and $auto1 and any of ($vba*) and any of ($run*) and any of ($get*) and any of ($save*)
}
