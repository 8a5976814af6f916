/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Webshell_PHP_Built_Name
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera en PHP que arma letra por letra la orden que ejecuta"
        description_en = "a back door in PHP that builds the order it runs letter by letter"
        reference = "https://attack.mitre.org/techniques/T1027/"
        severity = "critical"
        false_positives = "Test cases of PHP scanners."
        needs = "str_rot13|strrev|chr(101)|\\x65\\x76\\x61\\x6c|\\x61\\x73\\x73\\x65\\x72\\x74|\\x62\\x61\\x73\\x65\\x36\\x34|\\142\\141\\163\\145|\\145\\166\\141\\154"
        or_needs = ".\"sert\"|.'sert'|.\"ert\"|.'ert'|\"64_dec|'64_dec|\"e64_dec|'e64_dec|\"se64_dec|'se64_dec|\"ase64_dec|'ase64_dec"
        max_bytes = 1048575
    strings:
        $php = /<\?([Pp]hp|=|\s)/
        $name1 = /str_rot13\s{0,3}\(\s{0,3}['"](nffreg|riny\(?|onfr64_qrpbqr|flfgrz|furyy_rkrp)/
        $name2 = /strrev\s{0,3}\(\s{0,3}['"](edoced_46esab|tressa|etalfnizg|noitcnuf_etaerc|lave|metsys)['"]/
        $name3 = /chr\(101\)\s{0,2}\.\s{0,2}chr\(118\)\s{0,2}\.\s{0,2}chr\(97\)\s{0,2}\.\s{0,2}chr\(108\)/
        $name4 = /['"](\\[Xx]65\\[Xx]76\\[Xx]61\\[Xx]6[Cc]|\\[Xx]61\\[Xx]73\\[Xx]73\\[Xx]65\\[Xx]72\\[Xx]74|\\[Xx]62\\[Xx]61\\[Xx]73\\[Xx]65\\[Xx]36\\[Xx]34\\[Xx]5[Ff])/
        $name5 = /['"](\\142\\141\\163\\145\\66\\64|\\145\\166\\141\\154)/
        $name6 = /['"]as?s?['"]\.(['"]s{1,2}['"]\.)?['"]s?ert['"]/
        $name7 = /['"]ba?s?e?['"]\.['"]a?s?e?64_dec/
        $use = /\$_(POST|GET|REQUEST|COOKIE|SERVER)\b|\$GLOBALS\[|(eval|create_function)\s{0,3}\(|\$\w{1,40}\s{0,3}\(\s{0,3}(\$|['"][A-Za-z0-9+\/]{60})/
    condition:
        filesize < 1MB and $php and any of ($name*) and $use
}

rule Vigia_Webshell_PHP_With_Key
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera en PHP cerrada con una clave del intruso"
        description_en = "a back door in PHP locked with the intruder's own key"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "None known: a web application does not run text from a visitor after comparing a hash."
        needs = "$_post|$_get[|$_get [|$_request|$_cookie|$_server"
        needs = "eval($|eval(@|eval( |eval(b|eval(g|eval(s|eval(u|assert(|system(|shell_exec|passthru|create_function|call_user_func"
        max_bytes = 511999
    strings:
        $key1 = /(md5|sha1)\s{0,2}\(\s{0,2}(md5\()?@?\s{0,2}\$_(POST|GET|REQUEST|COOKIE|SERVER) ?\[[^\]\n]{1,40}\]\s{0,2}\){1,2}\s{0,2}[!=]==?\s{0,2}['"][0-9a-f]{32,40}['"]/ nocase
        $key2 = /['"][0-9a-f]{32,40}['"]\s{0,2}[!=]==?\s{0,2}(md5|sha1)\s{0,2}\(\s{0,2}(md5\()?@?\s{0,2}\$_(POST|GET|REQUEST|COOKIE|SERVER) ?\[/ nocase
        $run1 = /([Ee]val|[Aa]ssert)\( ?@?(\$|[Bb]ase64_[Dd]ecode|[Gg]zinflate|[Ss]tripslashes|[Uu]rldecode)/
        $run2 = /([Ss]ystem|[Ss]hell_[Ee]xec|[Pp]assthru|[Cc]reate_[Ff]unction|[Cc]all_[Uu]ser_[Ff]unc)\([^;\n]{0,60}\$/
    condition:
        filesize < 500KB and any of ($key*) and any of ($run*)
}

rule Vigia_Webshell_PHP_In_Picture
{
    meta:
        author = "Vigia"
        description_es = "una imagen con un programa PHP adentro: deja manejar el servidor"
        description_en = "a picture with a PHP program inside: it lets others control the server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "None known: no camera and no editor writes PHP that runs commands into a picture."
        needs = "<?php |<?php\n|<?php\r|<?php\t|<?php@|<?php/|<?=$_p|<?=$_g|<?=$_r|<?=$_c|<?=`$_"
        needs = "$_post|$_get[|$_get [|$_request|$_cookie|$_server|base64_decode|gzinflate|str_rot13|stripslashes|file_put_contents|move_uploaded_file"
    strings:
        $php = /<\?(php[ \r\n\t@\/]|=`?\$_[PGRC])/
        $run1 = /(eval|assert|system|shell_exec|passthru|exec|popen|include|require)\s{0,2}\(?\s{0,2}@?(\$_(POST|REQUEST|COOKIE|SERVER|GET ?\[)|base64_decode|gzinflate|str_rot13|stripslashes)/ nocase
        $run2 = /\$_(POST|GET|REQUEST|COOKIE) ?\[[^\]]{1,30}\]\s{0,2}\(/
        $run3 = /(file_put_contents|move_uploaded_file)\s{0,2}\([^;]{0,80}\$_(POST|GET|REQUEST|FILES)/
        $run4 = /`\s{0,2}\$_(POST|GET|REQUEST|COOKIE) ?\[/
    condition:
        (uint32(0) == 0x38464947 or uint16(0) == 0xd8ff or uint32(0) == 0x474e5089 or uint16(0) == 0x4d42) and
        $php and any of ($run*)
}

rule Vigia_Webshell_PHP_From_Afar
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera en PHP que ejecuta código bajado de otro servidor"
        description_en = "a back door in PHP that runs code fetched from another server"
        reference = "https://attack.mitre.org/techniques/T1105/"
        severity = "critical"
        false_positives = "None known: updaters check a signature and write files, they do not run an answer at once."
        needs = "php://input|file_get_contents|curl_exec|data://text|data:text|fetch_url|geturlsinfo"
        needs = "eval(\"|eval('|eval(@|eval(f|eval(c|eval(g|eval( |eval($|include|require"
        max_bytes = 511999
    strings:
        $php = /<\?([Pp]hp|=|\s)/
        $run1 = /[Ee]val\( ?(['"]\?>['"]\s{0,2}\.\s{0,2})?@?([Ff]ile_[Gg]et_[Cc]ontents|[Cc]url_[Ee]xec|[Ff]etch_[Uu]rl|[Gg]eturlsinfo)\s{0,2}\(\s{0,2}(['"]([Hh]ttps?:|[Pp]hp:\/\/[Ii]nput)|[Bb]ase64_[Dd]ecode|[Hh]ex2[Bb]in|\$[Uu]rl|\$[Ll]ink)/
        $run2 = /([Ii]nclude|[Rr]equire)(_[Oo]nce)?\s{0,2}\(?\s{0,2}['"]([Dd]ata:(\/\/)?[Tt]ext\/[Pp]lain;[Bb]ase64|[Pp]hp:\/\/[Ii]nput)/
        $run3 = /\$(\w{1,30})\s{0,2}=\s{0,2}@?([Ff]ile_[Gg]et_[Cc]ontents|[Cc]url_[Ee]xec)\s{0,2}\([^;]{1,160}\);\s{0,4}@?[Ee]val\( ?(['"]\?>['"]\s{0,2}\.\s{0,2})?\$/
    condition:
        filesize < 500KB and $php and any of ($run*)
}

rule Vigia_Webshell_PHP_Reverse
{
    meta:
        author = "Vigia"
        description_es = "programa PHP que le abre al intruso una consola del servidor"
        description_en = "a PHP program that opens a console of the server to the intruder"
        reference = "https://attack.mitre.org/techniques/T1059/"
        severity = "critical"
        false_positives = "Collections of tools for penetration testers."
        needs = "fsockopen|stream_socket_client|socket_connect"
        needs = "/bin/sh|/bin/bash|cmd.exe"
        max_bytes = 204799
    strings:
        $php = /<\?([Pp]hp|=|\s)/
        $net = /(fsockopen|stream_socket_client|socket_connect)\s{0,2}\(/
        $shell = /\/bin\/(ba)?sh\b|cmd\.exe/
        $run1 = /proc_open\s{0,2}\(\s{0,2}(\$\w{1,30}|['"](\/bin\/(ba)?sh|cmd))/
        $run2 = /(shell_exec|popen|exec)\s{0,2}\(\s{0,2}['"]\/bin\/(ba)?sh\s{0,3}-i/
        $pipe = /stream_select|<&3|>&3|socket_read|fgets|fread/
    condition:
        filesize < 200KB and $php and $net and $shell and any of ($run*) and $pipe
}

rule Vigia_Webshell_PHP_Uploader
{
    meta:
        author = "Vigia"
        description_es = "página mínima que deja subir cualquier archivo al servidor sin pedir contraseña"
        description_en = "a tiny page that lets anybody put any file on the server without a password"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "high"
        false_positives = "Exercises on how to upload files with PHP; they do not show where the server keeps its files nor silence errors."
        needs = "$_files"
        needs = "tmp_name"
        needs = "php_uname|getcwd|error_reporting(0)|document_root|set_time_limit(0)|__file__"
        max_bytes = 4095
    strings:
        $take = /@?(move_uploaded_file|copy)\s{0,2}\(\s{0,2}\$_FILES\s{0,2}\[[^\]\n]{1,30}\]\s{0,2}\[\s{0,2}['"]tmp_name['"]\s{0,2}\]\s{0,2},[^;\n]{0,60}(\$_FILES\s{0,2}\[[^\]\n]{1,30}\]\s{0,2}\[\s{0,2}['"]name['"]|\$_(GET|POST|REQUEST))/
        $tell1 = /php_uname\s{0,2}\(/
        $tell2 = /echo[^;\n]{0,60}getcwd\s{0,2}\(/
        $tell3 = "error_reporting(0)" ascii
        $tell4 = "set_time_limit(0)" ascii
        $tell5 = /echo[^;\n]{0,60}(DOCUMENT_ROOT|__FILE__)/
        $check = /pathinfo\s{0,2}\(|in_array\s{0,2}\(|finfo|getimagesize|session_start|current_user_can|wp_verify_nonce/
    condition:
        filesize < 4KB and $take and any of ($tell*) and not $check
}

rule Vigia_Webshell_PHP_Console
{
    meta:
        author = "Vigia"
        description_es = "panel en PHP para manejar el servidor a escondidas: archivos, órdenes, base de datos"
        description_en = "a PHP panel to control the server in secret: files, commands, database"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Single-file file managers that also offer a terminal; remove them from a shop's server anyway."
        needs = "move_uploaded_file"
        needs = "php_uname"
        needs = "posix_getpwuid|disable_functions|safe_mode|get_current_user|posix_getegid"
        max_bytes = 614399
    strings:
        $up = "move_uploaded_file" ascii
        $uname = /php_uname\s{0,2}\(/
        $who = /posix_get(pwuid|egid|grgid)|disable_functions|safe_mode|get_current_user/
        $run = /(shell_exec|passthru|proc_open|popen|system)\s{0,2}\(\s{0,2}(\$\w{1,30}|@?\$_)/
        $list = /(scandir|opendir|glob)\s{0,2}\(\s{0,2}(\$|getcwd)/
        $in = /\$_(GET|POST|REQUEST|COOKIE)\s{0,2}\[\s{0,2}['"](cmd|c|command|exec|cwd|dir|path|d|act|action|a|p1|pwd|loc|do)['"]\s{0,2}\]/
        $perm = /fileperms\s{0,2}\(|chmod\s{0,2}\(/
    condition:
        filesize < 600KB and all of them
}
