/* SPDX-License-Identifier: ISC */
/* NetworkManager's word on whether the connection is metered: libdbus on the loop. */
#include "daemon/metered.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <dbus/dbus.h>

#include "daemon/log.h"

#define SYSTEM_BUS "unix:path=/run/dbus/system_bus_socket"
#define NM "org.freedesktop.NetworkManager"
#define NM_PATH "/org/freedesktop/NetworkManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define AGAIN_US INT64_C(60000000) /* a bus that is not there may come */
#define ASK_MS 10000
#define WATCHES_MAX 4  /* libdbus has one to read and one to write */
#define TIMEOUTS_MAX 8 /* one for each question, and for the handshake */

/* NMMetered: yes, and guessed yes. */
enum { METERED_YES = 1, METERED_GUESS_YES = 3 };

struct watch {
	struct metered *m;
	DBusWatch *watch; /* NULL: free */
	struct loop_watch *event;
};

struct timeout {
	DBusTimeout *timeout; /* NULL: free */
	struct loop_timer *event;
};

struct metered {
	struct loop *loop;
	metered_fn *changed;
	void *arg;
	DBusConnection *bus; /* NULL: none */
	struct watch watch[WATCHES_MAX];
	struct timeout timeout[TIMEOUTS_MAX];
	struct loop_timer *again, *dispatch;
	bool metered;
};

static void
tell(struct metered *m, bool metered)
{
	if (m->metered == metered)
		return;
	m->metered = metered;
	m->changed(m->arg, loop_now_us(m->loop), metered);
}

/* --- libdbus on the loop ----------------------------------------------------------------- */

static void
on_ready(void *arg, int64_t now_us, int fd, unsigned what)
{
	struct watch *w = arg;
	unsigned flags = 0;

	(void)now_us, (void)fd;
	if (what & LOOP_READ)
		flags |= DBUS_WATCH_READABLE;
	if (what & LOOP_WRITE)
		flags |= DBUS_WATCH_WRITABLE;
	(void)dbus_watch_handle(w->watch, flags);
}

static unsigned
wants(DBusWatch *watch)
{
	unsigned flags = dbus_watch_get_flags(watch), what = 0;

	if (!dbus_watch_get_enabled(watch))
		return 0;
	if (flags & DBUS_WATCH_READABLE)
		what |= LOOP_READ;
	if (flags & DBUS_WATCH_WRITABLE)
		what |= LOOP_WRITE;
	return what;
}

static dbus_bool_t
on_watch_added(DBusWatch *watch, void *arg)
{
	struct metered *m = arg;

	for (size_t i = 0; i < WATCHES_MAX; i++) {
		struct watch *w = &m->watch[i];

		if (w->watch)
			continue;
		if (loop_watch_create(m->loop, dbus_watch_get_unix_fd(watch), wants(watch), on_ready,
			w, &w->event) != 0)
			return FALSE;
		w->m = m;
		w->watch = watch;
		dbus_watch_set_data(watch, w, NULL);
		return TRUE;
	}
	return FALSE;
}

static void
on_watch_removed(DBusWatch *watch, void *arg)
{
	struct watch *w = dbus_watch_get_data(watch);

	(void)arg;
	if (!w)
		return;
	loop_watch_destroy(w->event);
	w->watch = NULL;
	w->event = NULL;
}

static void
on_watch_toggled(DBusWatch *watch, void *arg)
{
	struct watch *w = dbus_watch_get_data(watch);

	(void)arg;
	if (w)
		loop_watch_set(w->event, wants(watch));
}

static void
on_due(void *arg, int64_t now_us)
{
	struct timeout *t = arg;
	DBusTimeout *timeout = t->timeout;

	(void)now_us;
	loop_timer_set(t->event, (int64_t)dbus_timeout_get_interval(timeout) * 1000);
	(void)dbus_timeout_handle(timeout);
}

static void
on_timeout_toggled(DBusTimeout *timeout, void *arg)
{
	struct timeout *t = dbus_timeout_get_data(timeout);

	(void)arg;
	if (!t)
		return;
	if (dbus_timeout_get_enabled(timeout))
		loop_timer_set(t->event, (int64_t)dbus_timeout_get_interval(timeout) * 1000);
	else
		loop_timer_stop(t->event);
}

static dbus_bool_t
on_timeout_added(DBusTimeout *timeout, void *arg)
{
	struct metered *m = arg;

	for (size_t i = 0; i < TIMEOUTS_MAX; i++) {
		struct timeout *t = &m->timeout[i];

		if (t->timeout)
			continue;
		if (loop_timer_create(m->loop, on_due, t, &t->event) != 0)
			return FALSE;
		t->timeout = timeout;
		dbus_timeout_set_data(timeout, t, NULL);
		on_timeout_toggled(timeout, m);
		return TRUE;
	}
	return FALSE;
}

static void
on_timeout_removed(DBusTimeout *timeout, void *arg)
{
	struct timeout *t = dbus_timeout_get_data(timeout);

	(void)arg;
	if (!t)
		return;
	loop_timer_destroy(t->event);
	t->timeout = NULL;
	t->event = NULL;
}

static void
on_dispatch_wanted(DBusConnection *bus, DBusDispatchStatus status, void *arg)
{
	struct metered *m = arg;

	(void)bus;
	if (status == DBUS_DISPATCH_DATA_REMAINS)
		loop_timer_set(m->dispatch, 0); /* never from within */
}

/* --- the bus ------------------------------------------------------------------------------ */

static void
hang_up(struct metered *m)
{
	if (m->bus) {
		dbus_connection_close(m->bus);
		dbus_connection_unref(m->bus);
	}
	m->bus = NULL;
}

static void
lose(struct metered *m, const char *why)
{
	log_debug("metered: %s", why);
	hang_up(m);
	tell(m, false);
	loop_timer_set(m->again, AGAIN_US);
}

static bool
ask(struct metered *m, DBusMessage *question, DBusPendingCallNotifyFunction answered)
{
	DBusPendingCall *pending = NULL;
	bool sent;

	if (!question)
		return false;
	dbus_message_set_auto_start(question, FALSE);
	sent = dbus_connection_send_with_reply(m->bus, question, &pending, ASK_MS) && pending;
	dbus_message_unref(question);
	if (!sent)
		return false;
	sent = dbus_pending_call_set_notify(pending, answered, m, NULL);
	dbus_pending_call_unref(pending);
	return sent;
}

/* The value of a variant that should be a number; -1: it is none. */
static int64_t
number_in(DBusMessageIter *variant)
{
	DBusMessageIter inner;
	dbus_uint32_t n;

	if (dbus_message_iter_get_arg_type(variant) != DBUS_TYPE_VARIANT)
		return -1;
	dbus_message_iter_recurse(variant, &inner);
	if (dbus_message_iter_get_arg_type(&inner) != DBUS_TYPE_UINT32)
		return -1;
	dbus_message_iter_get_basic(&inner, &n);
	return n;
}

static void
take(struct metered *m, int64_t value)
{
	log_debug("metered: NetworkManager says %lld", (long long)value);
	tell(m, value == METERED_YES || value == METERED_GUESS_YES);
}

static void
on_answer(DBusPendingCall *pending, void *arg)
{
	DBusMessage *answer = dbus_pending_call_steal_reply(pending);
	DBusMessageIter at;

	if (!answer)
		return;
	if (dbus_message_get_type(answer) == DBUS_MESSAGE_TYPE_METHOD_RETURN &&
	    dbus_message_iter_init(answer, &at))
		take(arg, number_in(&at));
	else
		take(arg, -1); /* NetworkManager is not there, or says nothing */
	dbus_message_unref(answer);
}

static void
ask_manager(struct metered *m)
{
	static const char *interface = NM, *property = "Metered";
	DBusMessage *question = dbus_message_new_method_call(NM, NM_PATH, PROPERTIES, "Get");

	if (question && !dbus_message_append_args(question, DBUS_TYPE_STRING, &interface,
		DBUS_TYPE_STRING, &property, DBUS_TYPE_INVALID)) {
		dbus_message_unref(question);
		question = NULL;
	}
	(void)ask(m, question, on_answer);
}

/* Which property changed need not be looked up: it is asked for. */
static DBusHandlerResult
on_message(DBusConnection *bus, DBusMessage *message, void *arg)
{
	struct metered *m = arg;

	(void)bus;
	if (dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected")) {
		loop_timer_set(m->again, 0); /* not from within */
		return DBUS_HANDLER_RESULT_HANDLED;
	}
	if (dbus_message_is_signal(message, PROPERTIES, "PropertiesChanged") ||
	    dbus_message_is_signal(message, DBUS_INTERFACE_DBUS, "NameOwnerChanged"))
		ask_manager(m);
	return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
}

static void
listen_for(struct metered *m, const char *rule)
{
	DBusMessage *call = dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS,
	    DBUS_INTERFACE_DBUS, "AddMatch");

	if (!call)
		return;
	dbus_message_set_no_reply(call, TRUE);
	if (dbus_message_append_args(call, DBUS_TYPE_STRING, &rule, DBUS_TYPE_INVALID))
		(void)dbus_connection_send(m->bus, call, NULL);
	dbus_message_unref(call);
}

static void
on_hello(DBusPendingCall *pending, void *arg)
{
	DBusMessage *answer = dbus_pending_call_steal_reply(pending);
	struct metered *m = arg;
	bool well = answer && dbus_message_get_type(answer) == DBUS_MESSAGE_TYPE_METHOD_RETURN;

	if (answer)
		dbus_message_unref(answer);
	if (!well)
		return; /* the bus goes, and says so */
	listen_for(m, "type='signal',sender='" NM "',path='" NM_PATH "',interface='" PROPERTIES
	    "',member='PropertiesChanged',arg0='" NM "'");
	listen_for(m, "type='signal',sender='" DBUS_SERVICE_DBUS "',member='NameOwnerChanged',"
	    "arg0='" NM "'");
	ask_manager(m);
}

/* The handshake and the greeting go on by themselves: dbus_bus_get would wait for both. */
static void
dial(struct metered *m)
{
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
	DBusError error = DBUS_ERROR_INIT;

	m->bus = dbus_connection_open_private(address && *address ? address : SYSTEM_BUS, &error);
	if (!m->bus) {
		lose(m, error.message ? error.message : "no bus");
		dbus_error_free(&error);
		return;
	}
	dbus_connection_set_exit_on_disconnect(m->bus, FALSE);
	if (!dbus_connection_set_watch_functions(m->bus, on_watch_added, on_watch_removed,
		on_watch_toggled, m, NULL) ||
	    !dbus_connection_set_timeout_functions(m->bus, on_timeout_added, on_timeout_removed,
		on_timeout_toggled, m, NULL) ||
	    !dbus_connection_add_filter(m->bus, on_message, m, NULL)) {
		lose(m, "out of memory");
		return;
	}
	dbus_connection_set_dispatch_status_function(m->bus, on_dispatch_wanted, m, NULL);
	if (!ask(m, dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS,
		DBUS_INTERFACE_DBUS, "Hello"), on_hello))
		lose(m, "the bus takes no greeting");
	else
		loop_timer_set(m->dispatch, 0);
}

/* Time to try again, or the connection broke off. */
static void
on_again(void *arg, int64_t now_us)
{
	struct metered *m = arg;

	(void)now_us;
	if (m->bus)
		lose(m, "the bus is gone");
	else
		dial(m);
}

static void
on_dispatch(void *arg, int64_t now_us)
{
	struct metered *m = arg;

	(void)now_us;
	if (!m->bus)
		return;
	if (dbus_connection_dispatch(m->bus) == DBUS_DISPATCH_DATA_REMAINS)
		loop_timer_set(m->dispatch, 0);
}

int
metered_create(struct loop *loop, metered_fn *changed, void *arg, struct metered **out)
{
	struct metered *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->loop = loop;
	m->changed = changed;
	m->arg = arg;
	if (loop_timer_create(loop, on_again, m, &m->again) != 0 ||
	    loop_timer_create(loop, on_dispatch, m, &m->dispatch) != 0) {
		metered_destroy(m);
		return -ENOMEM;
	}
	loop_timer_set(m->again, 0);
	*out = m;
	return 0;
}

void
metered_destroy(struct metered *m)
{
	if (!m)
		return;
	hang_up(m);
	if (m->again)
		loop_timer_destroy(m->again);
	if (m->dispatch)
		loop_timer_destroy(m->dispatch);
	free(m);
}
