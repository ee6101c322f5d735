/* SPDX-License-Identifier: ISC */
/*
 * What linkqd asks of NetworkManager, by somebody else: on the bus of DBUS_SYSTEM_BUS_ADDRESS
 * it has that name and one property, Metered. A number on a line of standard input is its new
 * value, and is told; the end of it ends.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dbus/dbus.h>

#define NM "org.freedesktop.NetworkManager"
#define NM_PATH "/org/freedesktop/NetworkManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define WAIT_MS 20

static dbus_uint32_t metered;

static void
append_variant(DBusMessageIter *to)
{
	DBusMessageIter variant;

	dbus_message_iter_open_container(to, DBUS_TYPE_VARIANT, "u", &variant);
	dbus_message_iter_append_basic(&variant, DBUS_TYPE_UINT32, &metered);
	dbus_message_iter_close_container(to, &variant);
}

static void
answer(DBusConnection *bus, DBusMessage *call)
{
	DBusMessageIter at;
	DBusMessage *reply;

	if (!dbus_message_is_method_call(call, PROPERTIES, "Get"))
		return;
	reply = dbus_message_new_method_return(call);
	dbus_message_iter_init_append(reply, &at);
	append_variant(&at);
	dbus_connection_send(bus, reply, NULL);
	dbus_message_unref(reply);
	puts("asked");
	fflush(stdout);
}

static void
tell(DBusConnection *bus)
{
	const char *interface = NM, *name = "Metered";
	DBusMessage *m = dbus_message_new_signal(NM_PATH, PROPERTIES, "PropertiesChanged");
	DBusMessageIter at, dict, entry, gone;

	dbus_message_iter_init_append(m, &at);
	dbus_message_iter_append_basic(&at, DBUS_TYPE_STRING, &interface);
	dbus_message_iter_open_container(&at, DBUS_TYPE_ARRAY, "{sv}", &dict);
	dbus_message_iter_open_container(&dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
	dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &name);
	append_variant(&entry);
	dbus_message_iter_close_container(&dict, &entry);
	dbus_message_iter_close_container(&at, &dict);
	dbus_message_iter_open_container(&at, DBUS_TYPE_ARRAY, "s", &gone);
	dbus_message_iter_close_container(&at, &gone);
	dbus_connection_send(bus, m, NULL);
	dbus_message_unref(m);
}

int
main(int argc, char **argv)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	DBusConnection *bus = dbus_bus_get(DBUS_BUS_SYSTEM, NULL);
	char line[32];

	if (!bus || dbus_bus_request_name(bus, NM, 0, NULL) != DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER)
		return 1;
	metered = argc > 1 ? (dbus_uint32_t)strtoul(argv[1], NULL, 10) : 0;
	puts("ready");
	fflush(stdout);
	while (dbus_connection_read_write(bus, WAIT_MS)) {
		DBusMessage *m;

		while ((m = dbus_connection_pop_message(bus)) != NULL) {
			answer(bus, m);
			dbus_message_unref(m);
		}
		if (poll(&in, 1, 0) != 1)
			continue;
		if (!fgets(line, sizeof line, stdin))
			break;
		metered = (dbus_uint32_t)strtoul(line, NULL, 10);
		tell(bus);
	}
	dbus_connection_unref(bus);
	return 0;
}
