/* SPDX-License-Identifier: ISC */
/* The configuration: what is taken, what is refused and how it is said. */
#include "scratch.h"

#include <errno.h>

#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/settings.h"
#include "daemon/values.h"

static struct conf conf;
static char why[CONF_WHY_MAX];

static void
begin(void)
{
	conf_init(&conf);
}

static void
end(void)
{
	conf_finish(&conf);
}

TestSuite(config, .init = begin, .fini = end, .timeout = 20);

static int
load(const char *text)
{
	return conf_load_text(&conf, "linkqd.conf", text, strlen(text), why, sizeof why);
}

static int
set(const char *text)
{
	return conf_set(&conf, text, why, sizeof why);
}

Test(config, begins_with_presets_that_pass_their_own_check)
{
	cr_assert_eq(conf.listen.len, 2);
	cr_assert_str_eq(conf.listen.at[0].text, "127.0.0.1:8790");
	cr_assert_str_eq(conf.listen.at[1].text, "[::1]:8790");
	cr_assert(!conf.listen.at[1].asked && conf.listen.at[1].loopback);
	cr_assert_eq(conf.probe.len, 5);
	cr_assert(!conf.probe.at[0].own);
	cr_assert_eq(conf.probe.at[3].kind, CONF_DOWNLOAD);
	cr_assert_eq(conf.probe.at[4].kind, CONF_UPLOAD);
	cr_assert_eq(conf.probe_interval_us, 2000000);
	cr_assert_eq(conf.keep_seconds_us, INT64_C(7) * 86400 * 1000000);
	cr_assert_eq(conf.log_level, LOG_LEVEL_INFO);
	cr_assert_eq(conf_check(&conf, why, sizeof why), 0);
	cr_assert_eq(conf.listen.len, 2);
	cr_assert_str_eq(conf.socket, "");
}

Test(config, reads_every_kind_of_setting_from_a_file)
{
	cr_assert_eq(load("# a comment\n"
			  "listen = {\"127.0.0.1:0\", \"[::1]:9000\"}\n"
			  "socket = /run/x/linkqd.sock\n"
			  "database = \"/var/lib/with space/h.db\"\n"
			  "interface = wlan0\n"
			  "probe = {\"http://a.example/x\", \"download=https://b.example/{bytes}\"}\n"
			  "probe-interval = 1.5s\n"
			  "keep-seconds = 2d\n"
			  "budget-day = 1.5GB\n"
			  "connections-max = 99\n"
			  "allowed-host = {\"router.lan\"}\n"
			  "allowed-host += \"[fd00::1]\"\n"
			  "allowed-origin = \"http://localhost:3000\"\n"
			  "log-level = debug"),
	    0, "%s", why);
	cr_assert_eq(conf.listen.len, 2);
	cr_assert(conf.listen.at[0].asked);
	cr_assert_str_eq(conf.database, "/var/lib/with space/h.db");
	cr_assert_str_eq(conf.interface, "wlan0");
	cr_assert_eq(conf.probe.len, 2);
	cr_assert_eq(conf.probe.at[0].kind, CONF_LATENCY);
	cr_assert(conf.probe.at[0].own && conf.probe.at[1].own);
	cr_assert_str_eq(conf.probe.at[1].url, "https://b.example/{bytes}");
	cr_assert_eq(conf.probe_interval_us, 1500000);
	cr_assert_eq(conf.budget_day_bytes, 1500000000);
	cr_assert_eq(conf.connections_max, 99);
	cr_assert_eq(conf.allowed_host.len, 2);
	cr_assert_str_eq(conf.allowed_host.at[1], "[fd00::1]");
	cr_assert_eq(conf.log_level, LOG_LEVEL_DEBUG);
	cr_assert(conf_given(&conf, "interface"));
	cr_assert(!conf_given(&conf, "streams-max"));
}

Test(config, tells_all_errors_with_file_and_line)
{
	cr_assert_eq(load("lisen = \"127.0.0.1:1\"\n"
			  "probe-timeout = 500ms\n"
			  "\n"
			  "listen = {\"127.0.0.1:80\",\n"
			  "  \"localhost:9\"}\n"
			  "streams-max = many\n"
			  "zzzzzzzz = 1\n"
			  "log-level = loud\n"),
	    -EINVAL);
	cr_assert_str_eq(why,
	    "linkqd.conf:1: there is no setting \"lisen\"; did you mean listen?\n"
	    "linkqd.conf:2: probe-timeout: \"500ms\" is not allowed; allowed: a duration from 1s "
	    "to 1min, as in 30s, 5min, 2h, 7d\n"
	    "linkqd.conf:5: listen: \"localhost:9\" is not allowed; allowed: numeric "
	    "ADDRESS:PORT, as in 127.0.0.1:8790 or [::1]:8790, or none\n"
	    "linkqd.conf:6: streams-max: \"many\" is not allowed; allowed: a whole number from 1 "
	    "to 10000\n"
	    "linkqd.conf:7: there is no setting \"zzzzzzzz\"; linkqd.conf(5) lists them\n"
	    "linkqd.conf:8: log-level: \"loud\" is not allowed; allowed: error, warn, info or "
	    "debug");
}

Test(config, counts_the_lines_of_comments_once)
{
	cr_assert_eq(load("# one\n"
			  "// two\n"
			  "/* three\n"
			  "   four */ # and more\n"
			  "probe-timeout = 5s # no # matter\n"
			  "probe = {\"http://a.example//b#c\", // in a list\n"
			  "  \"http://b.example/\"}\n"
			  "log-level = loud\n"),
	    -EINVAL);
	cr_assert_str_eq(why, "linkqd.conf:8: log-level: \"loud\" is not allowed; allowed: error, "
			      "warn, info or debug");
}

Test(config, tells_where_that_was_opened_which_nobody_closes)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "log-level = warn\nprobe = {\"http://a/\",\n\"http://b/\"\n\n",
		    "linkqd.conf:2: the { that is opened here is not closed" },
		{ "probe = {\"http://a/\",\n\"http://b/\"\nkernel = true\n",
		    "linkqd.conf:1: the { that is opened here is not closed" },
		{ "# {\n\ndatabase = \"/tmp/x\nkernel = true\n",
		    "linkqd.conf:3: the quote that is opened here is not closed" },
		{ "probe = {\"http://a/\",\n \"http://b/\nlog-level = warn\n}\n",
		    "linkqd.conf:2: the quote that is opened here is not closed" },
		{ "kernel = true\n /* no\nlog-level = warn\n",
		    "linkqd.conf:2: the comment that is opened here is not closed" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		cr_assert_eq(load(cases[i].text), -EINVAL, "case %zu", i);
		cr_assert_str_eq(why, cases[i].why, "case %zu: %s", i, why);
	}
}

Test(config, cuts_a_flood_of_errors_at_a_whole_line)
{
	char text[4096] = "";

	for (int i = 0; i < 60; i++)
		strcat(text, "log-level = loud\n");
	cr_assert_eq(load(text), -EINVAL);
	cr_assert_lt(strlen(why), sizeof why);
	cr_assert(strchr(why, '\n') != NULL && strstr(why, "twice") != NULL);
	cr_assert_str_eq(why + strlen(why) - 5, "twice");
}

Test(config, refuses_a_setting_that_comes_twice)
{
	cr_assert_eq(load("probe-interval = 3s\nlog-level = warn\nprobe-interval = 4s\n"), -EINVAL);
	cr_assert_str_eq(why, "linkqd.conf:3: probe-interval is set twice");
	cr_assert_eq(load("listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"\n"), -EINVAL);
	cr_assert_str_eq(why, "linkqd.conf:2: listen is set twice");
	cr_assert_eq(load("listen = {\"127.0.0.1:1\", \"127.0.0.1:1\"}\n"), -EINVAL);
	cr_assert_not_null(strstr(why, "there twice"));
}

Test(config, leaves_everything_as_it_was_when_a_file_has_an_error)
{
	cr_assert_eq(load("allowed-host = \"kept\"\nprobe-interval = 9s\n"), 0);
	cr_assert_eq(load("allowed-host = \"lost\"\nprobe-interval = 8s\nlog-level = x\n"), -EINVAL);
	cr_assert_eq(conf.allowed_host.len, 1);
	cr_assert_str_eq(conf.allowed_host.at[0], "kept");
	cr_assert_eq(conf.probe_interval_us, 9000000);
}

Test(config, takes_an_empty_list_and_none_as_nothing)
{
	cr_assert_eq(load("probe = {}\nallowed-host = none\n"), 0, "%s", why);
	cr_assert_eq(conf.probe.len, 0);
	cr_assert_eq(conf.allowed_host.len, 0);
	cr_assert(conf_given(&conf, "probe"));
}

Test(config, survives_what_is_no_configuration)
{
	static const char *const texts[] = { "{", "}", "listen", "listen =", "listen = {", "= 3",
		"listen {\n}\n", "log-level = \"info", "probe-interval = 5 min", "\"", "listen = {{",
		"listen += +=", "a.b = c", "log-level = {\"info\"}", "__unknown = 1", "'", "\\",
		"log-level = info log-level" };

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		cr_assert_eq(load(texts[i]), -EINVAL, "%s", texts[i]);
		cr_assert_eq(strncmp(why, "linkqd.conf:", 12), 0, "%s: %s", texts[i], why);
	}
	cr_assert_eq(load(""), 0);
	cr_assert_eq(load("\n\n# nothing\n"), 0);
	cr_assert_eq(conf_load_text(&conf, "x", "a\0b", 3, why, sizeof why), -EINVAL);
	cr_assert_not_null(strstr(why, "zero byte"));
}

Test(config, says_why_a_file_cannot_be_read)
{
	scratch_begin();
	cr_assert_eq(conf_load(&conf, scratch_path("none"), why, sizeof why), -ENOENT);
	cr_assert_not_null(strstr(why, "none: No such file"));
	cr_assert_eq(conf_load(&conf, scratch, why, sizeof why), -EISDIR);
	scratch_write(scratch_path("c"), "log-level = warn\n", 17);
	cr_assert_eq(conf_load(&conf, scratch_path("c"), why, sizeof why), 0);
	cr_assert_eq(conf.log_level, LOG_LEVEL_WARN);
	cr_assert_eq(conf_load(&conf, "/dev/zero", why, sizeof why), -E2BIG, "bounded");
	scratch_end();
}

Test(config, lets_the_command_line_replace_and_then_add)
{
	cr_assert_eq(load("listen = \"127.0.0.1:1\"\nprobe = \"http://file/\"\n"), 0);
	cr_assert_eq(set("listen=127.0.0.1:2"), 0);
	cr_assert_eq(set("listen=127.0.0.1:3"), 0);
	cr_assert_eq(conf.listen.len, 2);
	cr_assert_str_eq(conf.listen.at[0].text, "127.0.0.1:2");
	cr_assert_eq(set("probe=none"), 0);
	cr_assert_eq(conf.probe.len, 0);
	cr_assert_eq(set("probe=upload=http://x/?a=b"), 0);
	cr_assert_eq(conf.probe.at[0].kind, CONF_UPLOAD);
	cr_assert_str_eq(conf.probe.at[0].url, "http://x/?a=b");
	cr_assert_eq(set("keep-events=1y"), 0);
	cr_assert_eq(conf.keep_events_us, INT64_C(365) * 86400 * 1000000);
}

Test(config, refuses_on_the_command_line_in_one_sentence)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "probe-interval", "KEY=VALUE" },
		{ "=x", "KEY=VALUE" },
		{ "prob-interval=2s", "did you mean probe-interval?" },
		{ "probe-interval=2", "a duration from 1s to 1h" },
		{ "probe-interval=2 s", "a duration" },
		{ "probe-interval=0.1us", "a duration" },
		{ "probe-interval=99999999999999999999s", "a duration" },
		{ "probe-interval=-2s", "a duration" },
		{ "budget-day=10MiBi", "a size" },
		{ "connections-max=1e3", "a whole number" },
		{ "socket=relative", "a path" },
		{ "database=", "a path" },
		{ "database=none", "a path" },
		{ "interface=a/b", "interface" },
		{ "interface=sixteen-letters-", "interface" },
		{ "listen=127.0.0.1", "ADDRESS:PORT" },
		{ "listen=127.0.0.1:65536", "ADDRESS:PORT" },
		{ "listen=::1:80", "ADDRESS:PORT" },
		{ "listen=[::1]", "ADDRESS:PORT" },
		{ "listen=[::1%lo]:80", "ADDRESS:PORT" },
		{ "probe=ftp://x/", "URL" },
		{ "probe=http://", "URL" },
		{ "probe=http://user:secret@x/", "URL" },
		{ "probe=download=http://x/", "{bytes}" },
		{ "probe=download=http://x/{bytes}{bytes}", "{bytes}" },
		{ "probe=http://x/{bytes}", "{bytes}" },
		{ "probe=http://x/\r\nHost:", "URL" },
		{ "allowed-host=a:80", "without a port" },
		{ "allowed-host=a b", "host name" },
		{ "allowed-origin=http://x/", "SCHEME" },
		{ "webhook=http://x/", "secret-file" },
		{ "webhook=gopher://x/ secret-file=/s", "secret-file" },
		{ "webhook=http:///x secret-file=/s", "secret-file" },
		{ "webhook=http://x/ secret-file=/s hold=2h", "hold=0..1h" },
		{ "webhook=http://x/ secret-file=/s give-up=999ms", "give-up=1s" },
		{ "webhook=http://x/ secret-file=/s events=", "events=" },
		{ "webhook=http://x/ secret-file=/s\thold=1s", "hold=" },
		{ "allowed-origin=*", "SCHEME" },
		{ "allowed-origin=null", "SCHEME" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		cr_assert_eq(set(cases[i].text), -EINVAL, "%s", cases[i].text);
		cr_assert_not_null(strstr(why, cases[i].said), "%s: %s", cases[i].text, why);
		cr_assert_null(strchr(why, '\n'));
	}
}

Test(config, demands_a_token_beyond_loopback)
{
	cr_assert_eq(set("listen=127.1.2.3:80"), 0);
	cr_assert_eq(conf_check(&conf, why, sizeof why), 0, "all of 127/8 is loopback");
	cr_assert_eq(set("listen=0.0.0.0:80"), 0);
	cr_assert_eq(conf_check(&conf, why, sizeof why), -EINVAL);
	cr_assert_not_null(strstr(why, "0.0.0.0:80 is not loopback"));
	cr_assert_eq(set("token-file=/etc/linkqd.token"), 0);
	cr_assert_eq(conf_check(&conf, why, sizeof why), 0);
}

Test(config, lets_listen_and_socket_replace_each_others_presets)
{
	cr_assert_eq(set("listen=127.0.0.1:0"), 0);
	cr_assert_eq(conf_check(&conf, why, sizeof why), 0);
	cr_assert_str_eq(conf.socket, "none");
	conf_init(&conf);
	cr_assert_eq(set("socket=/tmp/s"), 0);
	cr_assert_eq(conf_check(&conf, why, sizeof why), 0);
	cr_assert_eq(conf.listen.len, 0);
	cr_assert_eq(set("socket=none"), 0);
	cr_assert_eq(conf_check(&conf, why, sizeof why), -EINVAL, "nobody could ask");
}

/* What is printed, read again, means the same: presets stay presets. */
Test(config, prints_what_it_can_read)
{
	static char first[16384], second[16384];
	FILE *f;

	cr_assert_eq(load("database = \"/tmp/${HOME}/\\\"quoted\\\\\"\nprobe-interval = 90s\n"
			  "probe = {\"http://a/?x=1&y={2}\"}\nallowed-host={\"a\",\"b\"}\n"
			  "budget-hour = 1536KiB\nkeep-seconds = 36h"),
	    0, "%s", why);
	f = fmemopen(first, sizeof first, "w");
	conf_print(&conf, f);
	(void)fclose(f);
	conf_finish(&conf);
	conf_init(&conf);
	cr_assert_eq(load(first), 0, "%s", why);
	f = fmemopen(second, sizeof second, "w");
	conf_print(&conf, f);
	(void)fclose(f);
	cr_assert_str_eq(first, second);
	cr_assert_not_null(strstr(first, "\nprobe-interval = 90s\n"));
	cr_assert_not_null(strstr(first, "\n# streams-max = 1024\n"));
	cr_assert(!conf_given(&conf, "listen"));
}

Test(config, explains_every_setting)
{
	char help[16384];
	FILE *f = fmemopen(help, sizeof help, "w");

	conf_help(f);
	(void)fclose(f);
	for (size_t i = 0; i < settings_len; i++) {
		cr_assert_not_null(strstr(help, settings[i].name));
		cr_assert_gt(strlen(settings[i].text), 10);
	}
}

/* Every setting has its paragraph in the page, and the page no other. */
Test(config, has_every_setting_in_its_page)
{
	static char page[65536];
	char item[64], path[512];
	const char *srcdir = getenv("srcdir");
	size_t items = 0;
	ssize_t len;

	(void)snprintf(path, sizeof path, "%s/daemon/linkqd.conf.5", srcdir != NULL ? srcdir : ".");
	len = scratch_read(path, page, sizeof page - 1);
	if (len == -1)
		cr_skip_test("the source is not at $srcdir");
	for (size_t i = 0; i < settings_len; i++) {
		(void)snprintf(item, sizeof item, "\n.It Ic %s", settings[i].name);
		cr_assert_not_null(strstr(page, item), "%s is not in the page", settings[i].name);
	}
	for (const char *at = page; (at = strstr(at, "\n.It Ic ")) != NULL; at++)
		items++;
	cr_assert_eq(items, settings_len);
}

Test(config, converts_durations_and_sizes_exactly)
{
	static const struct {
		const char *text;
		int64_t us;
	} durations[] = {
		{ "0", 0 },
		{ "250ms", 250000 },
		{ "1us", 1 },
		{ "0.5s", 500000 },
		{ "5min", 300000000 },
		{ "2h", INT64_C(7200000000) },
		{ "1.5d", INT64_C(129600000000) },
		{ "20y", INT64_C(630720000000000) },
	};
	char text[32];
	int64_t n = 0;

	for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
		cr_assert_eq(value_duration(durations[i].text, &n), 0, "%s", durations[i].text);
		cr_assert_eq(n, durations[i].us);
		value_print_duration(text, sizeof text, n);
		cr_assert_eq(value_duration(text, &n), 0);
		cr_assert_eq(n, durations[i].us, "%s", text);
	}
	cr_assert_eq(value_size("10MB", &n), 0);
	cr_assert_eq(n, 10000000);
	cr_assert_eq(value_size("1.5KiB", &n), 0);
	cr_assert_eq(n, 1536);
	cr_assert_eq(value_size("0.5B", &n), -EINVAL, "half a byte is none");
	cr_assert_eq(value_duration("999999y", &n), -EINVAL, "more than 64 bits");
}
