/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Miner_Dropper_Server
{
    meta:
        author = "Vigia"
        description_es = "script que instala en un servidor un programa que mina criptomonedas"
        description_en = "a script that installs a coin miner on a server"
        reference = "https://attack.mitre.org/techniques/T1496/"
        severity = "critical"
        false_positives = "None known: who mines on purpose does not kill other miners."
        needs = "stratum+|xmrig|minerd|kdevtmpfsi|kinsing|cpuminer|cryptonight|monero"
        needs = "crontab|/etc/cron|/var/spool/cron|authorized_keys|ld.so.preload|/etc/rc.local|systemctl|chattr"
        max_bytes = 511999
    strings:
        $mine = /[Ss]tratum\+([Tt]cp|[Ss]sl)|[Xx]mrig|[Mm]inerd|[Kk]devtmpfsi|[Kk]insing|[Cc]puminer|[Cc]ryptonight|[Mm]onero/
        $bang = /^#!\/(usr\/)?bin\/(env )?(ba|da|z)?sh|\/bin\/(ba)?sh\b/
        $get = /(curl|wget)\s[^\n]{1,160}https?:\/\//
        $kill = /pkill\s{1,3}(-9\s{1,3})?-f|killall\s|kill -9\s{1,3}`?\$?\(?|xargs\s[^\n]{0,20}kill/
        $stay1 = /crontab\s{1,3}-|\/etc\/cron|\/var\/spool\/cron/
        $stay2 = /authorized_keys|ld\.so\.preload|\/etc\/rc\.local|systemctl\s{1,3}enable/
        $stay3 = /chattr\s{1,3}[+-][ia]/
        $free = /ufw disable|iptables -F|setenforce 0|aliyun|history -c|HISTFILE/
    condition:
        filesize < 500KB and uint16(0) != 0x457f and $mine and $bang and $get and $kill and any of ($stay*) and
        (2 of ($stay*) or $free)
}

rule Vigia_Miner_Dropper_Windows
{
    meta:
        author = "Vigia"
        description_es = "script que instala a escondidas un programa que mina criptomonedas"
        description_en = "a script that secretly installs a coin miner"
        reference = "https://attack.mitre.org/techniques/T1496/"
        severity = "high"
        false_positives = "Who mines on purpose does not hide it nor silence the virus scanner."
        needs = "stratum+|xmrig|nbminer|phoenixminer|lolminer|donate-level|randomx|cryptonight|nanominer|t-rex.exe|pool.supportxmr|moneroocean|nicehash"
        needs = "schtasks|currentversion\\run|sc create|sc.exe create|new-service|register-scheduledtask"
        max_bytes = 1048575
    strings:
        $mine = /[Ss]tratum\+([Tt]cp|[Ss]sl)|[Xx]mrig|[Nn]bminer|[Pp]hoenixminer|[Ll]olminer|[Dd]onate-[Ll]evel|[Rr]andomx|[Cc]ryptonight|[Nn]anominer|[Tt]-[Rr]ex\.[Ee]xe|[Pp]ool\.[Ss]upportxmr|[Mm]oneroocean|[Nn]icehash/
        $get = /([Ii]nvoke-[Ww]eb[Rr]equest|[Dd]ownload[Ff]ile|[Dd]ownload[Ss]tring|[Ss]tart-[Bb]its[Tt]ransfer|[Bb]itsadmin|[Cc]ertutil|[Cc]url(\.[Ee]xe)?\s)[^\n]{0,300}[Hh]ttps?:/
        $stay = /[Ss]chtasks(\.[Ee]xe)?\s[^\n]{0,20}\/[Cc]reate|[Cc]urrent[Vv]ersion\\[Rr]un|[Ss]c(\.[Ee]xe)? [Cc]reate|[Nn]ew-[Ss]ervice|[Rr]egister-[Ss]cheduled[Tt]ask/
        $hide1 = /[Aa]dd-[Mm]p[Pp]reference|[Ss]et-[Mm]p[Pp]reference/
        $hide2 = /-[Ww]([Ii]n([Dd]owstyle)?)?\s{1,3}[Hh]idden|[Vv]b[Hh]ide|, ?0, ?[Ff]alse/
        $hide3 = /[Aa]ttrib\s{1,3}\+[hsHS]/
        $hide4 = /[Tt]askkill[^\n]{0,60}([Tt]askmgr|[Pp]rocesshacker|[Pp]rocexp|[Mm]iner)/
    condition:
        filesize < 1MB and uint16(0) != 0x5A4D and uint16(0) != 0x457f and $mine and $get and $stay and any of ($hide*)
}

rule Vigia_Miner_In_Page
{
    meta:
        author = "Vigia"
        description_es = "página que usa el equipo de quien la visita para minar criptomonedas"
        description_en = "a page that uses its visitor's computer to mine coins"
        reference = "https://attack.mitre.org/techniques/T1496/"
        severity = "medium"
        false_positives = "Pages that ask first; lists of blocked addresses name such programs but do not start them."
        needs = ".anonymous(|.user(|.token(|startmining|cryptonight"
        max_bytes = 3145727
    strings:
        $go1 = /new\s{1,3}(\w{1,20}\.)?(CoinHive|CoinImp|Client|CRLT|CryptoLoot|deepMiner|WMP|PRMining|Minero)\.(Anonymous|User|Token)\(\s{0,2}['"][A-Za-z0-9]{16,70}['"]/
        $go2 = /startMining\s{0,2}\(\s{0,2}['"][\w.-]{3,60}['"]\s{0,2},\s{0,2}['"][A-Za-z0-9]{60,110}['"]/
        $go3 = /[Cc]ryptonight[^\n]{0,60}(\.[Ww]asm|[Aa]sm\.[Jj]s|[Ww]orker)/
        $run1 = /\.start\s{0,2}\(/
        $run2 = /throttle\s{0,2}:|setThrottle\s{0,2}\(|setNumThreads\s{0,2}\(/
        $run3 = /new\s{1,3}WebSocket\s{0,2}\(/
    condition:
        filesize < 3MB and (($go1 and $run1) or $go2 or ($go3 and $run3 and $run2))
}

rule Vigia_Miner_Settings
{
    meta:
        author = "Vigia"
        description_es = "ajustes de un programa que mina criptomonedas, puesto para que no se note"
        description_en = "settings of a coin miner, made so that nobody notices it"
        reference = "https://attack.mitre.org/techniques/T1496/"
        severity = "medium"
        false_positives = "The miner of somebody who mines on purpose in the background."
        needs = "\"pools\""
        needs = "donate-level|\"rig-id\"|\"randomx\""
        needs = "\"background\"|\"pause-on-active\""
        max_bytes = 65535
    strings:
        $pools = /"pools"\s{0,4}:\s{0,4}\[/
        $rig = /"(donate-level|rig-id|randomx)"\s{0,4}:/
        $wallet = /"user"\s{0,4}:\s{0,4}"(4[0-9AB][A-Za-z0-9]{93}|[A-Za-z0-9]{30,110})[."]/
        $quiet1 = /"background"\s{0,4}:\s{0,4}true/
        $quiet2 = /"pause-on-active"\s{0,4}:\s{0,4}(true|[1-9])/
    condition:
        filesize < 64KB and $pools and $rig and $wallet and any of ($quiet1, $quiet2)
}
