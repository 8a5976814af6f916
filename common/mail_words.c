/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mail_words.h"

#include <string.h>

static const struct mail_words SPANISH = {
    .code = "es-MX",
    .severity = {"Aviso", "Gravedad baja", "Gravedad media", "Gravedad alta", "Gravedad crítica"},
    .urgency = {"para su información", "para su información", "revíselo en estos días",
                "atiéndalo hoy", "actúe ahora mismo"},
    .what = "Qué pasó",
    .why = "Por qué importa",
    .now = "Qué hacer ahora",
    .call = "A quién llamar",
    .call_unknown = "A su técnico o a quien le instaló Vigía. Puede reenviarle este correo.",
    .worse = "Empeoró",
    .details = "Detalles para su técnico",
    .footer = "Este correo es automático: nadie lee las respuestas. Vigía nunca le pide "
              "contraseñas ni datos de tarjetas.",
    .times = "veces",
    .seen_by = "equipos que lo vieron",
    .first = "desde",
    .last = "hasta",
    .about = "sobre",
    .with = "con",
    .detector = "detector",
    .incident = "incidente",
    .evidence = "evidencia",
    .dashboard = "panel",
    .attack = "ATT&CK",
    .late_title = "Avisos atrasados",
    .late_why = "Estos avisos llegaron tarde: un equipo estuvo sin conexión o leyó registros "
                "viejos. Van juntos para no llenarle el correo.",
    .cap_title = "Resumen de lo que ya no le avisamos por separado",
    .cap_why = "Hubo tantos avisos en un día que dejamos de mandarlos uno por uno.",
    .full_title = "Muchos avisos hoy: los demás irán en un resumen",
    .full_why = "Ya le mandamos todos los correos que caben en un día. Lo que siga pasando se "
                "guarda y le llegará junto en un resumen. Llame hoy a su técnico.",
    .more = "más",
    .list = "Lo que pasó",
};

static const struct mail_words ENGLISH = {
    .code = "en",
    .severity = {"Notice", "Low severity", "Medium severity", "High severity", "Critical"},
    .urgency = {"for your information", "for your information", "look into it in the next days",
                "deal with it today", "act right now"},
    .what = "What happened",
    .why = "Why it matters",
    .now = "What to do now",
    .call = "Whom to call",
    .call_unknown = "Your technician, or whoever set Vigía up for you. You can forward this mail.",
    .worse = "It got worse",
    .details = "Details for your technician",
    .footer = "This mail is automatic: nobody reads replies. Vigía never asks for passwords or "
              "card details.",
    .times = "times",
    .seen_by = "agents that saw it",
    .first = "from",
    .last = "until",
    .about = "about",
    .with = "with",
    .detector = "detector",
    .incident = "incident",
    .evidence = "evidence",
    .dashboard = "dashboard",
    .attack = "ATT&CK",
    .late_title = "Alerts that came late",
    .late_why = "These alerts came late: a computer was offline, or read old records. They come "
                "together so as not to fill your mailbox.",
    .cap_title = "Summary of what we did not mail one by one",
    .cap_why = "There were so many alerts in one day that we stopped sending them one by one.",
    .full_title = "Many alerts today: the rest will come in a summary",
    .full_why = "You have had all the mails that fit in one day. What happens from now on is kept "
                "and will come together in a summary. Call your technician today.",
    .more = "more",
    .list = "What happened",
};

const struct mail_words *
mail_words_of(const struct text_view *view)
{
    return view->language != NULL && strncmp(view->language, "es", 2) == 0 ? &SPANISH : &ENGLISH;
}
