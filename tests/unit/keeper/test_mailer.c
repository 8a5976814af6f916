/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/keeper/store_kit.h"

#include "agent/keeper/mail_queue.h"
#include "agent/keeper/mailer.h"
#include "common/mail_policy.h"

static void
add(struct store *store, int64_t time_ns, int64_t now_ns, const char *severity, const char *subject)
{
    struct batch batch;

    batch_init(&batch, "pay");
    assert_int_equal(batch_event(&batch, event_at(time_ns, "pay.velocity", severity, subject)),
                     VG_OK);
    assert_int_equal(store_commit(store, &batch, now_ns), VG_OK);
    batch_clear(&batch);
}

static struct mail_queue *
queue_of(struct store *store)
{
    struct mail_queue *q = NULL;

    assert_int_equal(mail_queue_new(store, &q), VG_OK);
    return q;
}

static void
expect_none(struct mail_queue *q, int64_t now_ns, int64_t due_ns)
{
    struct mail_job job;
    int64_t due = 0;

    assert_int_equal(mail_queue_next(q, now_ns, &job, &due), VG_AGAIN);
    assert_int_equal(due, due_ns);
}

/* The next job is of this kind; its id in `id`. */
static void
expect_job(struct mail_queue *q, int64_t now_ns, enum mail_job_kind kind, size_t count,
           char id[MAIL_ID_SIZE], bool send)
{
    struct mail_job job;
    int64_t due = 0;

    assert_int_equal(mail_queue_next(q, now_ns, &job, &due), VG_OK);
    assert_int_equal(job.kind, kind);
    assert_int_equal(job.count, count);
    if (kind == MAIL_JOB_UPDATE)
        assert_string_equal(job.references, id); /* of the thread's first mail */
    else
        assert_string_equal(job.references, "");
    if (kind != MAIL_JOB_UPDATE)
        memcpy(id, job.id, MAIL_ID_SIZE);
    if (send)
        assert_int_equal(mail_queue_finish(q, &job, now_ns), VG_OK);
    mail_job_done(&job);
}

static void
test_one_mail_an_incident_and_an_update_an_hour_later(void **state)
{
    const struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    struct mail_queue *q = queue_of(store);
    char id[MAIL_ID_SIZE];
    int i;

    for (i = 0; i < 5; i++)
        add(store, NOW + i, NOW + i, "medium", "a");
    expect_job(q, NOW + 10, MAIL_JOB_ALERT, 1, id, true);
    expect_none(q, NOW + 10, INT64_MAX);
    add(store, NOW + VG_MIN_NS, NOW + VG_MIN_NS, "high", "a");
    expect_none(q, NOW + VG_MIN_NS, NOW + 10 + VG_HOUR_NS);
    add(store, NOW + 2 * VG_MIN_NS, NOW + 2 * VG_MIN_NS, "critical", "a");
    expect_none(q, NOW + 2 * VG_MIN_NS, NOW + 10 + VG_HOUR_NS);
    expect_job(q, NOW + 10 + VG_HOUR_NS, MAIL_JOB_UPDATE, 1, id, true);
    expect_none(q, NOW + 10 + VG_HOUR_NS, INT64_MAX);
    add(store, NOW + 2 * VG_HOUR_NS, NOW + 2 * VG_HOUR_NS, "critical", "a"); /* no worse */
    expect_none(q, NOW + 3 * VG_HOUR_NS, INT64_MAX);
    add(store, NOW + 2 * VG_HOUR_NS, NOW + 2 * VG_HOUR_NS, "info", "b"); /* no alert */
    expect_none(q, NOW + 3 * VG_HOUR_NS, INT64_MAX);
    assert_int_equal(mail_queue_sent(q), 2);
    mail_queue_free(q);
    store_close(store);
}

static void
test_a_crash_before_the_end_chooses_the_same_mail_again(void **state)
{
    const struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    struct mail_queue *q = queue_of(store);
    char id[MAIL_ID_SIZE], again[MAIL_ID_SIZE];

    add(store, NOW, NOW, "high", "a");
    expect_job(q, NOW, MAIL_JOB_ALERT, 1, id, false);
    mail_queue_free(q);
    store_close(store);

    store = open_with(p->dir, false, 0);
    q = queue_of(store);
    expect_job(q, NOW + VG_DAY_NS, MAIL_JOB_ALERT, 1, again, true);
    assert_string_equal(id, again);
    mail_queue_free(q);
    store_close(store);

    store = open_with(p->dir, false, 0);
    q = queue_of(store);
    expect_none(q, NOW + VG_DAY_NS, INT64_MAX);
    mail_queue_free(q);
    store_close(store);
}

static void
test_a_full_day_says_so_once_and_sums_up_later(void **state)
{
    const struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    struct mail_queue *q = queue_of(store);
    char id[MAIL_ID_SIZE], subject[16];
    int i;

    for (i = 0; i < MAIL_DAY_CAP + 5; i++) {
        snprintf(subject, sizeof subject, "s%d", i);
        add(store, NOW, NOW, "high", subject);
    }
    for (i = 0; i < MAIL_DAY_CAP; i++)
        expect_job(q, NOW + i, MAIL_JOB_ALERT, 1, id, true);
    expect_job(q, NOW + 20, MAIL_JOB_FULL, 1, id, true);
    expect_none(q, NOW + 30, NOW + 20 + VG_DAY_NS);
    expect_job(q, NOW + 20 + VG_DAY_NS, MAIL_JOB_HELD, 5, id, true);
    expect_none(q, NOW + 21 + VG_DAY_NS, INT64_MAX);
    add(store, NOW + 2 * VG_DAY_NS, NOW + 2 * VG_DAY_NS, "high", "new");
    expect_job(q, NOW + 2 * VG_DAY_NS, MAIL_JOB_ALERT, 1, id, true);
    mail_queue_free(q);
    store_close(store);
}

static void
test_old_alerts_become_one_summary(void **state)
{
    const struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    struct mail_queue *q = queue_of(store);
    char id[MAIL_ID_SIZE], subject[16];
    int64_t old = NOW - MAIL_LATE_NS;
    int i;

    for (i = 0; i < MAIL_QUEUE_LIST_MAX + 7; i++) {
        snprintf(subject, sizeof subject, "s%d", i);
        add(store, old, NOW, "high", subject);
    }
    expect_none(q, NOW, NOW + MAIL_QUEUE_LATE_WAIT_NS);
    expect_job(q, NOW + MAIL_QUEUE_LATE_WAIT_NS, MAIL_JOB_LATE, MAIL_QUEUE_LIST_MAX, id, true);
    expect_none(q, NOW + MAIL_QUEUE_LATE_WAIT_NS, INT64_MAX);
    mail_queue_free(q);
    store_close(store);
}

static void
test_damaged_state_begins_anew(void **state)
{
    const struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    struct mail_queue *q;
    char id[MAIL_ID_SIZE];

    assert_int_equal(store_set_value(store, "mailed", slice_of("{\"seq\":", 7)), VG_OK);
    q = queue_of(store);
    add(store, NOW, NOW, "high", "a");
    expect_job(q, NOW, MAIL_JOB_ALERT, 1, id, true);
    mail_queue_free(q);
    store_close(store);
}

static void
test_mails_land_in_the_folder(void **state)
{
    const struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    struct event_base *loop = event_base_new();
    struct texts *texts = NULL;
    struct conf_error err;
    struct agent_config config;
    struct mailer *mailer = NULL;
    struct platform_names names;
    struct buf mail;
    char path[400];
    json_t *status;

    assert_int_equal(agent_config_default(&config, &err), VG_OK);
    assert_int_equal(texts_load("rules", &texts, &err), VG_OK);
    config.state_dir = p->dir;
    config.mail_to = "";
    assert_int_equal(mailer_new(loop, store, &config, texts, &mailer), VG_ERR_NOENT);
    config.mail_to = "owner@example.mx";
    config.mail_transport = "maildir";
    assert_int_equal(mailer_new(loop, store, &config, texts, &mailer), VG_OK);
    add(store, vtime_now(), vtime_now(), "high", "a");
    add(store, vtime_now(), vtime_now(), "high", "b");
    mailer_kick(mailer);
    assert_true(event_base_dispatch(loop) >= 0); /* ends when there is nothing left to wait for */

    snprintf(path, sizeof path, "%s/mail/new", p->dir);
    assert_int_equal(platform_folder_list(path, 10, &names), VG_OK);
    assert_int_equal(names.count, 2);
    snprintf(path, sizeof path, "%s/mail/new/%s", p->dir, names.name[0]);
    buf_init(&mail, MAIL_BYTES_MAX);
    assert_int_equal(platform_file_slurp(path, MAIL_BYTES_MAX, &mail), VG_OK);
    assert_non_null(strstr(buf_str(&mail), "\r\nTo: <owner@example.mx>\r\n"));
    buf_done(&mail);
    platform_names_free(&names);
    status = mailer_status(mailer);
    assert_int_equal(vg_json_int(status, "sent", 0), 2);
    json_decref(status);
    mailer_free(mailer);
    agent_config_done(&config);
    texts_free(texts);
    event_base_free(loop);
    store_close(store);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(test_one_mail_an_incident_and_an_update_an_hour_later),
        ONE(test_a_crash_before_the_end_chooses_the_same_mail_again),
        ONE(test_a_full_day_says_so_once_and_sums_up_later),
        ONE(test_old_alerts_become_one_summary),
        ONE(test_damaged_state_begins_anew),
        ONE(test_mails_land_in_the_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
