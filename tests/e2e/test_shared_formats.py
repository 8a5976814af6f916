# SPDX-License-Identifier: Apache-2.0
"""Real samples of what payment providers, tills and banks write, where they lie beside the checkout: each is
recognised by itself and read for what it says. Nothing of them is in this tree but what a record must come to."""
import json

import pytest

import vigia

SAMPLES = vigia.SHARED / 'data' / 'pay' / 'formats'

# File: format, then (kind, outcome, amount in minor units, currency) of each record.
EXPECTED = {
    'stripe/balance_itemized.csv': ('stripe-balance', [('sale', 'approved', 60000, 'EUR'), ('sale', 'approved', 40000, 'EUR'), ('refund', 'approved', 2000, 'EUR')]),
    'stripe/balance_bom_crlf.csv': ('stripe-balance', [('sale', 'approved', 1000, 'USD'), ('sale', 'approved', 2500, 'USD')]),
    'stripe/webhook_charge.succeeded.json': ('stripe', [('sale', 'approved', 2000, 'USD')]),
    'stripe/webhook_charge.failed.json': ('stripe', [('sale', 'declined', 2000, 'USD')]),
    'stripe/webhook_charge.refunded.json': ('stripe', [('refund', 'approved', 100, 'USD')]),
    'stripe/webhook_charge.dispute.created.json': ('stripe', [('chargeback', 'approved', 100, 'USD')]),
    'stripe/webhook_checkout.session.completed.json': ('stripe', []),
    'paypal/activity_crlf.csv': ('paypal', [('sale', 'approved', 150000, 'USD'), ('sale', 'approved', 9999, 'USD'), ('refund', 'approved', 50000, 'USD')]),
    'paypal/activity_comma_decimal.csv': ('paypal', [('payout', 'approved', 2300, 'EUR')]),
    'paypal/activity_pending_memo.csv': ('paypal', []),
    'mercadopago/settlement_doc.csv': ('mercadopago', [('sale', 'approved', 7900, 'BRL'), ('sale', 'approved', 81900, 'BRL')]),
    'mercadopago/settlement_2026_real_shape.csv': ('mercadopago', [('payout', 'approved', 1500000, 'ARS')]),
    'mercadopago/release_2026.csv': ('mercadopago-release', []),
    'mercadopago/release_CLP_thousands_dot.csv': ('mercadopago-release', [('sale', 'approved', 970000, 'MXN'), ('payout', 'approved', 1455000, 'MXN')]),
    'shopify/orders.csv': ('shopify-orders', [('sale', 'approved', 96990, 'CLP')]),
    'shopify/orders_multiline.csv': ('shopify-orders', [('sale', 'approved', 10090, 'EUR')]),
    'woocommerce/order.json': ('woocommerce-orders', [('sale', 'approved', 2935, 'USD')]),
    'woocommerce/refund.json': ('woocommerce-refunds', [('refund', 'approved', 1000, 'MXN')]),
    'square/transactions.csv': ('square', [('sale', 'approved', 3116, 'MXN')]),
    'amazon/settlement_v2.tsv': ('amazon-settlement', [('sale', 'approved', 2999, 'GBP')]),
    'loyverse/receipts.csv': ('loyverse-receipts', [('sale', 'approved', 14888, 'MXN'), ('sale', 'approved', 6800, 'MXN')]),
    'loyverse/items_bom.csv': ('loyverse-items', [('sale', 'approved', 100, 'MXN'), ('refund', 'approved', 100, 'MXN'), ('void', 'approved', 100, 'MXN')]),
    'conekta/charge.paid.json': ('conekta', [('sale', 'approved', 13500, 'MXN')]),
    'openpay/charge.json': ('openpay-charge', [('sale', 'pending', 222, 'MXN')]),
    'openpay/webhook_refunded_log.js.txt': ('openpay', [('refund', 'approved', None, None)]),
    'ofx/bank_medium.ofx': ('ofx', [('payout', 'approved', 660, 'CAD'), ('payout', 'approved', 31667, 'CAD'), ('payout', 'approved', 2200, 'CAD')]),
    'ofx/checking.ofx': ('ofx', [('sale', 'approved', 1, 'USD'), ('payout', 'approved', 3451, 'USD'), ('payout', 'approved', 2500, 'USD')]),
    'ofx/anzcc.ofx': ('ofx', [('payout', 'approved', 550, 'AUD')]),
    'ofx/suncorp.ofx': ('ofx', [('payout', 'approved', 1685, 'AUD')]),
    'ofx/ofx-v102-empty-tags.ofx': ('ofx', [('sale', 'approved', 1234, 'AUD')]),
    'ofx/empty_balance.ofx': ('ofx', [('sale', 'approved', 12000, 'CAD')]),
    'ofx/decimal_error.ofx': ('ofx', None),  # its only entry has no date that exists: counted as unreadable
    'camt053/camt053.v2.five.decimals.xml': ('camt053', [('sale', 'approved', 885, 'EUR')]),
    'camt053/camt053.v2.minimal.xml': ('camt053', [('sale', 'approved', 885, 'EUR')]),
    'camt053/camt053.v8.xml': ('camt053', [('sale', 'approved', 885, 'EUR')]),
    'jpos/isomsg.xml': ('iso8583-jpos', []),
    'jpos/log_samples.txt': ('iso8583-jpos', []),
    'iso8583/financial_0200.dat': ('iso8583-dump', []),  # a request
    'iso8583/reversal.xml': ('iso8583-xml', [('void', 'approved', 30000, 'IDR')]),
    'iso8583/reversal.json': ('iso8583-json', [('void', 'approved', 30000, 'IDR')]),
    'sibs/terminal_pt.csv': ('sibs-terminal', [('sale', 'approved', 4500, 'EUR'), ('sale', 'approved', 125000, 'EUR'), ('refund', 'approved', 2000, 'EUR')]),
}
HEADERS = {'stripe/payments_header50.txt': 'stripe-payments', 'mercadopago/header60_2026.txt': 'mercadopago',
           'shopify/header_full.txt': 'shopify-orders', 'square/header55_2026.txt': 'square'}


def sample(name):
    path = SAMPLES / name
    if not path.exists():
        pytest.skip('%s is not here' % path)
    return path


def pay(*argv):
    return vigia.run(vigia.AGENT, 'pay', '-c', vigia.ROOT / 'tests' / 'golden' / 'shop.yaml', *argv, check=False)


@pytest.mark.parametrize('name', EXPECTED)
def test_sample(name):
    format, expected = EXPECTED[name]
    p = pay('--transactions', '-', sample(name))
    got = [json.loads(line) for line in p.stdout.split('\n') if line]
    if expected is None:
        assert p.returncode == 3 and 'no known format' not in p.stderr and not got, p.stderr
    else:
        assert p.returncode == 0, p.stderr
        assert [(t['kind'], t['outcome'], t.get('amount'), t.get('currency')) for t in got] == expected
        assert 'could not be read' not in p.stderr, p.stderr
    named = pay('--transactions', '-', '--format', format, sample(name))
    assert named.stdout == p.stdout, 'not the format that it is'


@pytest.mark.parametrize('name', HEADERS)
def test_header(name, tmp_path):
    """All the columns of the real export, with a row of none: recognised, and nothing made of it."""
    log = tmp_path / 'export.csv'
    log.write_bytes(sample(name).read_bytes().rstrip(b'\r\n') + b'\n')
    row = log.read_text().count(log.read_text().count(';') > 10 and ';' or ',')
    log.write_text(log.read_text() + (';' if ';' in log.read_text() else ',') * row + '\n')
    p = pay('--transactions', '-', log)
    assert 'no known format' not in p.stderr and p.stdout == '', p.stderr
    assert pay('--format', HEADERS[name], log).returncode == p.returncode
