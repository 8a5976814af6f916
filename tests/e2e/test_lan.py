# SPDX-License-Identifier: Apache-2.0
"""Three agents of one shop see the same ARP spoof: one incident, one mail."""
import story
import vigia


def test_one_incident_one_mail(collector, agents):
    made = []
    for i in range(3):
        a = agents('network: {interfaces: [], mode: mirror, replay: ["%s"]}\n' % story.capture_now(collector.dir / 'shop.pcap'))
        a.enroll(collector.token())
        made.append(a.start())

    def all_shipped():
        stores = {e['store'] for e in collector.events() if e['detector'] == 'net.arp_spoof'}
        return len(stores) == 3
    vigia.wait_for(all_shipped, 60)
    vigia.wait_for(lambda: any('router' in body(m).lower() or 'arp' in body(m).lower() for m in collector.mails()), 60)
    for a in made:
        a.stop()
    spoofs = [e for e in collector.events() if e['detector'] == 'net.arp_spoof']
    assert len({e['subject']['id'] for e in spoofs}) == 1
    mails = [m for m in collector.mails() if about(m, spoofs[0]['subject']['id'])]
    assert len(mails) == 1, [m['subject'] for m in collector.mails()]
    assert mails[0]['to'] == 'owner@example.mx'


def about(mail, text):
    return text in body(mail)


def body(mail):
    return mail.get_body(('plain',)).get_content()
