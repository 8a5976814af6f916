/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Remote_Help_Silent_Install
{
    meta:
        author = "Vigia"
        description_es = "instala a escondidas un programa para manejar el equipo a distancia"
        description_en = "secretly installs a program to control the computer from afar"
        reference = "https://attack.mitre.org/techniques/T1219/"
        severity = "high"
        false_positives = "Your own technician may install remote help this way: ask them."
        needs = "anydesk|rustdesk|teamviewer|ultraviewer|screenconnect|connectwisecontrol"
        max_bytes = 2097151
    strings:
        $any1 = /anydesk[^\n]{0,120}--install[^\n]{0,160}--silent/ nocase ascii wide
        $any2 = /anydesk[^\n]{0,120}--set-password/ nocase ascii wide
        $rust1 = /rustdesk[^\n]{0,120}--silent-install/ nocase ascii wide
        $rust2 = /rustdesk[^\n]{0,120}--password/ nocase ascii wide
        $team1 = /teamviewer[^\n]{0,120}\/S\b[^\n]{0,160}(APITOKEN|CUSTOMCONFIGID|ASSIGNMENTID)/ nocase ascii wide
        $ultra1 = /ultraviewer[^\n]{0,120}\/(very)?silent/ nocase ascii wide
        $screen1 = /msiexec[^\n]{0,120}(screenconnect|connectwisecontrol)\.clientsetup[^\n]{0,160}\/q/ nocase ascii wide
        $hide1 = /(schtasks|New-ScheduledTask|sc(\.exe)?\s+create|reg(\.exe)?\s+add)/ nocase ascii wide
        $hide2 = /attrib\s+\+h/ nocase ascii wide
        $hide3 = /SpecialAccounts\\UserList/ nocase ascii wide
        $hide4 = /-w(in(dowstyle)?)?\s+hidden/ nocase ascii wide
        $hide5 = /net\s+(user|localgroup)\s+[^\n]{1,60}\/add/ nocase ascii wide
    condition:
        filesize < 2MB and any of ($any*, $rust*, $team1, $ultra1, $screen1) and any of ($hide*)
}

rule Vigia_Fake_Support_Page
{
    meta:
        author = "Vigia"
        description_es = "página falsa de soporte: asusta para que llame y dé acceso a su equipo"
        description_en = "a false support page: it scares you into calling and giving access to your computer"
        reference = "https://attack.mitre.org/techniques/T1566/"
        severity = "medium"
        false_positives = "Articles with screenshots in text form."
        needs = "requestfullscreen|onbeforeunload|navigator.keyboard.lock|.play"
        needs = "your computer|your pc|your device|su equipo|tu equipo|su computadora|tu computadora|su pc|tu pc|virus|troyano|trojan|spyware"
        needs = "virus|troyano|trojan|spyware|bloquead|infectad|locked|infected"
        max_bytes = 1048575
    strings:
        $scare1 = /(su|tu) (equipo|computadora|pc)[^.\n<]{0,40}(ha sido|est[^a-z]{1,8}|fue) (bloquead|infectad)/ nocase
        $scare2 = /your (computer|pc|device)[^.\n<]{0,40}(has been|is) (locked|blocked|infected)/ nocase
        $scare3 = /(virus|troyano|trojan|spyware)[^.\n<]{0,60}(detectad|detected|found)/ nocase
        $call1 = /(llame|ll[^a-z]{1,8}menos|call)[^.\n<]{0,60}(soporte|support|microsoft|windows)/ nocase
        $call2 = /\+?(1|52)?[ ().-]{0,3}8(00|44|55|66|77|88)[ ().-]{1,3}\d{3}[ .-]\d{2}[ .-]?\d{2}/
        $stay1 = "requestFullscreen" nocase
        $stay2 = "onbeforeunload" nocase
        $stay3 = /alert\s*\(/
        $stay4 = "navigator.keyboard.lock"
        $stay5 = /\.play\s*\(\s*\)/
    condition:
        filesize < 1MB and any of ($scare*) and all of ($call*) and 2 of ($stay*)
}
