/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Webshell_PHP
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera en PHP: deja manejar el servidor a quien la conozca"
        description_en = "a back door in PHP: it lets whoever knows it control the server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Teaching material on PHP security and signature files of scanners quote such lines."
        needs = "$_get|$_post|$_request|$_cookie|$_server|base64_decode|gzinflate|gzuncompress|str_rot13|strrev|b374k|c99shell|r57shell|filesman"
        max_bytes = 2097151
    strings:
        $php1 = "<?php" nocase
        $php2 = "<?=" nocase
        $run1 = /\b(eval|assert|system|shell_exec|passthru|exec|popen|proc_open|pcntl_exec|create_function)\s*\(\s*@?\s*\$_(GET|POST|REQUEST|COOKIE|SERVER)\s*\[/ nocase
        $run2 = /\b(eval|assert)\s*\(\s*@?\s*(base64_decode|gzinflate|gzuncompress|str_rot13|strrev)\s*\(\s*@?\s*(\$_(GET|POST|REQUEST|COOKIE)|base64_decode|gzinflate|gzuncompress|str_rot13|strrev)/ nocase
        $run3 = /\$_(GET|POST|REQUEST|COOKIE)\s*\[\s*['"]?\w{1,32}['"]?\s*\]\s*\(\s*@?\s*\$_(GET|POST|REQUEST|COOKIE)/ nocase
        $run4 = /preg_replace\s*\(\s*['"]\/[^'"]{0,40}\/[a-z]{0,4}e[a-z]{0,4}['"]\s*,\s*@?\s*\$_(GET|POST|REQUEST|COOKIE)/ nocase
        $run5 = /\b(array_map|array_filter|call_user_func|usort|uasort)\s*\(\s*['"](assert|eval|system|exec|passthru|shell_exec)['"]\s*,[^;]{0,60}\$_(GET|POST|REQUEST|COOKIE)/ nocase
        $run6 = /`\s*\{?\s*\$_(GET|POST|REQUEST|COOKIE)\s*\[[^`]{1,60}`/
        $name1 = "b374k" nocase
        $name2 = "c99shell" nocase
        $name3 = "r57shell" nocase
        $name4 = "FilesMan" fullword
        $tool1 = /safe_mode|disable_functions/ nocase
        $tool2 = /php_uname\s*\(/ nocase
        $tool3 = /move_uploaded_file\s*\(/ nocase
    condition:
        filesize < 2MB and any of ($php*) and (any of ($run*) or (any of ($name*) and 2 of ($tool*)))
}
