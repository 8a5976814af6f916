/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer to an attack shows when the attack worked. Run only on answers to requests that
 * matched, so that ordinary pages on these matters raise nothing. description_en stands in alerts. */
rule Answer_Command_Output
{
    meta:
        author = "Vigia"
        description_es = "la respuesta trae el resultado de una orden"
        description_en = "output of a command"
        needs = "uid=|nt authority|iis apppool|linux |inet addr:|inet |ipv4|volume serial|mero de serie|active "
        or_needs = "os name:|phpinfo()|drw|dr-|d-w|d--|-rw|-r-|--w"
    strings:
        $id = /\buid=\d{1,6}\([\w.-]{1,32}\)\s{1,2}gid=\d{1,6}/
        $whoami_nt = /(^|[\s>])(nt authority\\(system|network service|local service)|iis apppool\\[\w.-]{1,40})\b/ nocase
        $uname = /\bLinux \S{1,64} \d\.\d{1,3}\.\d{1,3}\S{0,40} #\d/
        $ifconfig = /\b(inet addr:|inet )\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}[^\n]{0,40}(Mask:|netmask |brd )/
        $ipconfig = /(IPv4 Address|Direcci[^\n]{1,4}n IPv4)[. ]{3,40}: \d/
        $dir = /(Volume Serial Number is|El n[^\n]{1,3}mero de serie del volumen es) [0-9A-F]{4}-[0-9A-F]{4}/ nocase
        $ls = /(^|\n|>)(d[r-][w-]|-r[w-]|--w)[rwx-]{7}[.+@]?\s{1,4}\d{1,4}\s{1,4}\w{1,32}\s{1,8}\w{1,32}\s{1,12}\d/
        $netstat = /Active (Internet )?connections/ nocase
        $systeminfo = /\bOS Name:\s{1,20}Microsoft Windows/
        $phpinfo = /<title>(PHP \d\.\d{1,2}\.\d{1,3} - )?phpinfo\(\)<\/title>/
    condition:
        any of them
}

rule Answer_System_File
{
    meta:
        author = "Vigia"
        description_es = "la respuesta trae un archivo del sistema"
        description_en = "a file of the system"
        needs = "root:|cm9vddp4oja6md|[fonts]|[extensions]|[mci extensions]|[boot loader]|private key|<web-app|<?php"
    strings:
        $passwd = /\broot:[x*!]?:0:0:[^\n:]{0,40}:\/[^\n:]{0,40}:\//
        $shadow = /\broot:\$[1256y]\$[^\n:]{4,120}:\d{4,6}:/
        $passwd64 = "cm9vdDp4OjA6MD"
        $winini = /\[(fonts|extensions|mci extensions)\]\s{1,4}(\[|;|\w{1,12}=)/ nocase
        $bootini = /\[boot loader\]\s{1,4}timeout=/ nocase
        $key = /-----BEGIN (RSA |OPENSSH |EC )?PRIVATE KEY-----/
        $webxml = /<web-app\s[^>]{0,200}xmlns/
        $source = /(^|\n)<\?php\s[\s\S]{0,400}(\$db_|DB_PASSWORD|mysqli?_connect)/
    condition:
        any of them
}

rule Answer_Database
{
    meta:
        author = "Vigia"
        description_es = "la base de datos contestó al ataque"
        description_en = "the database speaks"
        needs = "sql syntax|mysql|xpath syntax|unknown column|select statements|duplicate entry|unclosed quotation"
        or_needs = "microsoft ole|sql native|conversion failed|ora-|pg::|pg_query|unterminated quoted|syntax error|sqlite"
        or_needs = "unrecognized token|java.sql.|org.hibernate.|admin|root|user|ubuntu|mariadb|-log|community|debian|+deb"
    strings:
        $mysql1 = "You have an error in your SQL syntax" nocase
        $mysql2 = /(supplied argument is not a valid MySQL|mysqli?_(fetch|num|query)_?\w{0,12}\(\)( expects|:)|XPATH syntax error:|Unknown column '[^'\n]{1,40}' in|The used SELECT statements have a different number of columns|Duplicate entry '[^'\n]{1,80}' for key 'group_key')/ nocase
        $mssql = /(Unclosed quotation mark (after|before) the character string|Microsoft (OLE DB Provider for (SQL Server|ODBC)|SQL Native Client)[^\n]{0,60}error|Conversion failed when converting the n?varchar value)/ nocase
        $oracle = /\bORA-\d{5}:/
        $postgres = /(PG::SyntaxError|pg_query\(\)|unterminated quoted string at or near|ERROR: {1,2}syntax error at or near)/ nocase
        $sqlite = /(SQLite3?::(query|SQLException)|SQLITE_ERROR|unrecognized token: ")/ nocase
        $java = /(java\.sql\.SQL(Syntax)?ErrorException|org\.hibernate\.|com\.mysql\.jdbc)/
        $hash = /\b(admin|root|user|administrator)\b[^\n]{0,120}\b[0-9a-f]{32}\b/ nocase
        $version = /(>|:|\s)\d{1,2}\.\d{1,2}\.\d{1,3}-(\d{1,2}ubuntu|MariaDB|log|community|Debian|\+deb)/
    condition:
        any of them
}
