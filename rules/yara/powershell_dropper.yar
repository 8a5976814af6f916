/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_PowerShell_Dropper
{
    meta:
        author = "Vigia"
        description_es = "orden de PowerShell escondida que descarga y ejecuta un programa"
        description_en = "a hidden PowerShell command that downloads and runs a program"
        reference = "https://attack.mitre.org/techniques/T1059/001/"
        severity = "high"
        false_positives = "Installers of administration tools (Chocolatey, Scoop) download and run too, but do not hide."
        needs = "powershell|frombase64string|-nop |-nop\t|-nop\"|-nop'|-noprof|amsiutils|amsiinitfailed| bypass|\tbypass"
        needs = "powershell|frombase64string|iex|i e x|invoke-expression|start-process"
        max_bytes = 3145727
    strings:
        $run1 = /\b(IEX|Invoke-Expression)\b/ nocase ascii wide
        $run2 = "Start-Process" nocase ascii wide
        $get1 = /Net\.WebClient\)?[^\n]{0,40}\.Download(String|File|Data)/ nocase ascii wide
        $get2 = /\b(Invoke-WebRequest|iwr|Invoke-RestMethod)\b[^\n]{1,200}https?:/ nocase ascii wide
        $get3 = "Start-BitsTransfer" nocase ascii wide
        $hide1 = /-w(in(dowstyle)?)?\s+(hidden|1)\b/ nocase ascii wide
        $hide2 = /-(ep|exec(utionpolicy)?)[ \t]+bypass/ nocase ascii wide
        $hide3 = /-nop(rofile|[ \t"'])/ nocase ascii wide
        $hide4 = "AmsiUtils" nocase ascii wide
        $hide5 = "amsiInitFailed" nocase ascii wide
        $enc1 = /powershell(\.exe)?[^\n]{0,120}\s-e(nc(odedcommand)?|c)?\s+['"]?[A-Za-z0-9+\/]{120,}/ nocase ascii wide
        $enc2 = /FromBase64String\s*\([^\n]{0,40}[A-Za-z0-9+\/=]{0,200}/ nocase ascii wide
        $mem1 = "VirtualAlloc" ascii wide
        $mem2 = "GetDelegateForFunctionPointer" ascii wide
        $mem3 = /\[Reflection\.Assembly\]::Load\(/ nocase ascii wide
    condition:
        filesize < 3MB and
        (($enc1 and any of ($hide*)) or
         (any of ($run*) and any of ($get*) and 2 of ($hide*)) or
         (#run1 > 0 and $get1 and $enc2) or
         ($enc2 and $mem1 and $mem2) or
         ($mem3 and $enc2 and any of ($hide*)))
}
