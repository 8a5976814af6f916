/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/propose_inside.h"

/* Names as columns have them, without accents, lower case, words apart by one space; the first of a
 * row is the likeliest. */
static const struct {
    enum map_field field;
    const char *names; /* ended by |, in order */
} WORDS[] = {
    {MAP_TIME, "fecha y hora|fecha hora|date time|datetime|timestamp|created "
               "at|created|fecha|date|data movimento|data|"
               "fecha operacion|fecha transaccion|transaction date|posted date|time|dia|"},
    {MAP_CLOCK, "hora|time|clock|hour|"},
    {MAP_AMOUNT, "importe|monto|amount|total|importe total|monto total|total collected|gross|gross "
                 "amount|bruto|"
                 "montante|valor|abono|abonos|credito|credit|deposito|precio|price|net|neto|"},
    {MAP_DEBIT, "cargo|cargos|debito|debit|retiro|retiros|withdrawal|"},
    {MAP_KIND,
     "tipo|type|kind|tipo de transaccion|tipo operacion|transaction "
     "type|operacion|movimiento|evento|event type|event|receipt type|tipo de recibo|concepto|"},
    {MAP_OUTCOME, "estado|estatus|status|resultado|result|outcome|respuesta|response|state|"},
    {MAP_ID, "folio|id|transaction id|id transaccion|id de transaccion|id operacion|numero de "
             "operacion|clave de rastreo|referencia|"
             "reference|receipt number|recibo|no ticket|ticket|numero|uuid|payment id|charge "
             "id|autorizacion|"},
    {MAP_REASON, "motivo|reason|codigo de respuesta|response code|codigo "
                 "respuesta|message|mensaje|descripcion|description|"},
    {MAP_CURRENCY, "moneda|currency|divisa|moeda|currency code|"},
    {MAP_CARD, "tarjeta|card|numero de tarjeta|card number|no tarjeta|pan|cartao|masked pan|"},
    {MAP_BIN, "bin|first six digits|primeros 6|"},
    {MAP_LAST4,
     "last4|last 4|last four digits|ultimos 4|ultimos 4 digitos|terminacion|pan suffix|"},
    {MAP_CUSTOMER, "customer id|id cliente|numero de cliente|cliente id|"},
    {MAP_NAME, "cliente|customer|customer name|nombre|nombre del cliente|name|"},
    {MAP_EMAIL, "correo|email|e mail|mail|correo electronico|customer email|"},
    {MAP_IP, "ip|ip address|direccion ip|client ip|remote addr|"},
    {MAP_DEVICE, "device|dispositivo|device id|user agent|"},
    {MAP_TERMINAL,
     "terminal|caja|pos|till|register|id terminal|terminal id|sucursal|store|tienda|location|"},
    {MAP_EMPLOYEE, "cajero|empleado|vendedor|cashier|employee|staff|mesero|usuario|user|operador|"
                   "cashier name|staff name|"},
    {MAP_ORDER,
     "pedido|orden|order|order id|order number|numero de pedido|invoice|factura|ticket|nota|"},
    {MAP_ORIGINAL,
     "original|folio original|operacion original|original id|reference txn id|venta original|"},
    {MAP_ACCOUNT, "clabe|cuenta|iban|account|cuenta destino|account number|"},
    {MAP_COUNTRY, "pais|country|card country|billing country|"},
};

static const struct {
    const char *value, *kind;
} KINDS[] = {
    {"venta", "sale"},
    {"sale", "sale"},
    {"compra", "sale"},
    {"cobro", "sale"},
    {"pago", "sale"},
    {"payment", "sale"},
    {"charge", "sale"},
    {"cargo", "sale"},
    {"abono", "sale"},
    {"deposito", "sale"},
    {"purchase", "sale"},
    {"order", "sale"},
    {"devolucion", "refund"},
    {"devolucao", "refund"},
    {"estorno", "void"},
    {"reembolso", "refund"},
    {"refund", "refund"},
    {"return", "refund"},
    {"cancelacion", "void"},
    {"cancelada", "void"},
    {"cancelado", "void"},
    {"anulacion", "void"},
    {"void", "void"},
    {"reverso", "void"},
    {"reversal", "void"},
    {"cancelled", "void"},
    {"contracargo", "chargeback"},
    {"chargeback", "chargeback"},
    {"dispute", "chargeback"},
    {"retiro", "payout"},
    {"payout", "payout"},
    {"transferencia", "payout"},
    {"withdrawal", "payout"},
    {"autorizacion", "auth"},
    {"auth", "auth"},
    {"authorization", "auth"},
    {"preautorizacion", "auth"},
    {"entrada", "login"},
    {"login", "login"},
    {"comision", "skip"},
    {"fee", "skip"},
    {"apertura", "skip"},
    {"corte", "skip"},
    {"total", "skip"},
};
static const struct {
    const char *value, *outcome;
} OUTCOMES[] = {
    {"aprobada", "approved"},   {"aprobado", "approved"},  {"approved", "approved"},
    {"completada", "approved"}, {"completed", "approved"}, {"paid", "approved"},
    {"pagado", "approved"},     {"exitosa", "approved"},   {"succeeded", "approved"},
    {"rechazada", "declined"},  {"rechazado", "declined"}, {"declinada", "declined"},
    {"declined", "declined"},   {"rejected", "declined"},  {"failed", "declined"},
    {"denegada", "declined"},   {"fallida", "declined"},   {"fallido", "declined"},
    {"refused", "declined"},    {"failure", "declined"},   {"error", "error"},
    {"pendiente", "pending"},   {"pending", "pending"},    {"en proceso", "pending"},
    {"in process", "pending"},  {"cancelled", "error"},    {"expirada", "error"},
    {"expired", "error"},
};

/* Two-byte letters of Latin with their plain one. */
static char
plain_letter(uint8_t first, uint8_t second)
{
    static const char letters[] =
        "aaaaaaaceeeeiiiidnooooo*ouuuuypsaaaaaaaceeeeiiiidnooooo/ouuuuypy";

    if (first == 0xc3 && second >= 0x80 && second < 0xc0)
        return letters[second - 0x80];
    return first == 0xc2 && (second == 0xba || second == 0xaa) ? 'o' : '\0';
}

/* Lower case, no accents, one space for anything between words; of a path the last part. */
static void
simplify(const char *text, char out[COLUMN_NAME_MAX])
{
    const char *dot = strrchr(text, '.');
    struct slice in;
    size_t n = 0;

    if (dot != NULL && dot[1] != '\0')
        text = dot + 1;
    in = slice_of(text, strlen(text));
    while (in.left > 0 && n + 1 < COLUMN_NAME_MAX) {
        uint8_t c = slice_u8(&in);
        char letter = (char)c;

        if (c >= 0x80)
            letter = plain_letter(c, in.left > 0 ? slice_u8(&in) : 0);
        else if (c >= 'A' && c <= 'Z')
            letter = (char)(c - 'A' + 'a');
        if ((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9'))
            out[n++] = letter;
        else if (n > 0 && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

static bool
next_word(const char **list, struct str *out)
{
    const char *end = strchr(*list, '|');

    if (end == NULL)
        return false;
    *out = str_n(*list, (size_t)(end - *list));
    *list = end + 1;
    return true;
}

unsigned
words_field(const char *name, enum map_field field)
{
    char plain[COLUMN_NAME_MAX];
    unsigned best = 0;

    simplify(name, plain);
    for (size_t i = 0; i < VG_ARRAY_LEN(WORDS); i++) {
        const char *list = WORDS[i].names;
        unsigned rank = 100;
        struct str word;

        if (WORDS[i].field != field)
            continue;
        for (; next_word(&list, &word); rank--) {
            if (str_eq(str_of(plain), word))
                return rank + 100;
            /* "Importe (MXN)": it begins with the word. */
            if (word.len >= 3 && strncmp(plain, word.at, word.len) == 0 && plain[word.len] == ' ' &&
                rank > best)
                best = rank;
        }
    }
    return best;
}

const char *
words_kind(const char *value)
{
    char plain[COLUMN_NAME_MAX];

    simplify(value, plain);
    for (size_t i = 0; i < VG_ARRAY_LEN(KINDS); i++)
        if (strcmp(plain, KINDS[i].value) == 0)
            return KINDS[i].kind;
    return NULL;
}

const char *
words_outcome(const char *value)
{
    char plain[COLUMN_NAME_MAX];

    simplify(value, plain);
    for (size_t i = 0; i < VG_ARRAY_LEN(OUTCOMES); i++)
        if (strcmp(plain, OUTCOMES[i].value) == 0)
            return OUTCOMES[i].outcome;
    return NULL;
}
