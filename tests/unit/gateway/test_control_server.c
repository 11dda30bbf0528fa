/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_control_server.c -- Whatever clients do, the daemon's end of the control
 * socket answers in words, keeps its bounds and never waits: bad JSON, long
 * lines, half lines, too many clients, clients that do not read, clients that
 * leave. Real sockets, one thread, a clock of the test's own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/control_server.h"

enum { STEPS_MAX = 2000, ANSWER_MAX = 4096 };

struct scene {
	char directory[64];
	char path[80];
	struct control_server *server;
	int64_t now_mono_ms;
	struct control_call last; /* of a request that is answered later */
	size_t calls;
};

static char *line_of(json_t *answer)
{
	char *line = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
	return line;
}

/* Requests of the test: "later" is answered by the test, "long" with 1 MiB, others with an echo. */
static void on_call(void *context, const struct control_call *call)
{
	struct scene *scene = context;
	const char *name = json_string_value(json_object_get(call->request, "request"));
	scene->last = *call;
	scene->calls++;
	if (name == NULL)
		control_server_answer(scene->server, call->client, control_error("no request"));
	else if (strcmp(name, "long") == 0) {
		char *text = calloc(1, (1 << 20) + 1);
		memset(text, 'x', 1 << 20);
		control_server_answer(scene->server, call->client, text);
	} else if (strcmp(name, "later") != 0)
		control_server_answer(scene->server, call->client,
			line_of(json_pack("{s:s, s:b, s:i}", "echo", name, "act", call->may_act,
				"uid", (int)call->uid)));
}

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);
	char reason[CONTROL_REASON_MAX];
	snprintf(scene->directory, sizeof scene->directory, "/tmp/byport-control-XXXXXX");
	assert_non_null(mkdtemp(scene->directory));
	snprintf(scene->path, sizeof scene->path, "%s/control", scene->directory);
	struct control_server_settings settings = {
		.path = scene->path, .call = on_call, .context = scene};
	assert_true(control_server_open(&settings, &scene->server, reason));
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;
	control_server_close(scene->server);
	assert_int_equal(rmdir(scene->directory), 0); /* the sockets are gone */
	free(scene);
	return 0;
}

static int client_of(const struct scene *scene, const char *suffix)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s%s", scene->path, suffix);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* One line of the server's; "" when it closed the connection instead. */
static const char *hear(struct scene *scene, int fd)
{
	static char line[ANSWER_MAX];
	size_t length = 0;
	for (int i = 0; i < STEPS_MAX; i++) {
		control_server_step(scene->server, scene->now_mono_ms);
		ssize_t got = recv(fd, line + length, 1, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return "";
		if (got == 1 && line[length] == '\n') {
			line[length] = '\0';
			return line;
		}
		length += got == 1;
		assert_true(length < sizeof line);
	}
	fail_msg("no answer after %d steps", STEPS_MAX);
	return "";
}

static void a_request_is_answered_and_the_caller_known(void **state)
{
	struct scene *scene = *state;
	char expected[100];
	snprintf(expected, sizeof expected, "{\"echo\":\"status\",\"act\":true,\"uid\":%u}",
		(unsigned)getuid());
	int fd = client_of(scene, "");
	say(fd, "{\"request\":\"status\"}\n");
	assert_string_equal(hear(scene, fd), expected);
	close(fd);
}

static void the_reading_socket_does_not_act(void **state)
{
	struct scene *scene = *state;
	int fd = client_of(scene, CONTROL_READ_SUFFIX);
	say(fd, "{\"request\":\"status\"}\n");
	assert_non_null(strstr(hear(scene, fd), "\"act\":false"));
	close(fd);
}

static void both_sockets_are_closed_to_others(void **state)
{
	struct scene *scene = *state;
	char path[100];
	struct stat found;
	assert_int_equal(stat(scene->path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0660);
	snprintf(path, sizeof path, "%s%s", scene->path, CONTROL_READ_SUFFIX);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0660);
}

static void bad_input_is_answered_in_words_and_the_client_stays(void **state)
{
	static const char *const bad[] = {"nonsense\n", "{\"request\":\n", "\n", "[1,2]\n", "7\n",
		"\"status\"\n", "{\"a\":1,\"a\":2}\n", "\xff\xfe\n", "{}\n", "null\n"};
	struct scene *scene = *state;
	int fd = client_of(scene, "");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		say(fd, bad[i]);
		assert_non_null(strstr(hear(scene, fd), "\"error\":"));
	}
	say(fd, "{\"request\":\"still here\"}\n");
	assert_non_null(strstr(hear(scene, fd), "still here"));
	close(fd);
}

static void a_line_without_end_is_refused_at_its_bound(void **state)
{
	struct scene *scene = *state;
	char line[CONTROL_REQUEST_BYTES_MAX + 1];
	memset(line, ' ', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	int fd = client_of(scene, "");
	say(fd, line);
	assert_non_null(strstr(hear(scene, fd), "at most 4095 bytes"));
	assert_string_equal(hear(scene, fd), "");
	assert_int_equal(scene->calls, 0);
	close(fd);
}

static void requests_in_one_go_are_answered_in_order(void **state)
{
	struct scene *scene = *state;
	int fd = client_of(scene, "");
	say(fd, "{\"request\":\"one\"}\n{\"request\":\"two\"}\n{\"request\":\"three\"}\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_non_null(strstr(hear(scene, fd), "one"));
	assert_non_null(strstr(hear(scene, fd), "two"));
	assert_non_null(strstr(hear(scene, fd), "three"));
	assert_string_equal(hear(scene, fd), "");
	close(fd);
}

static void an_answer_may_come_later_and_only_to_who_asked(void **state)
{
	struct scene *scene = *state;
	int first = client_of(scene, "");
	say(first, "{\"request\":\"later\"}\n");
	while (scene->calls == 0)
		control_server_step(scene->server, 0);
	uint32_t asked = scene->last.client;
	close(first);
	control_server_step(scene->server, 0);
	int second = client_of(scene, "");
	say(second, "{\"request\":\"later\"}\n");
	while (scene->calls == 1)
		control_server_step(scene->server, 0);
	control_server_answer(scene->server, asked, strdup("{\"for\":\"the first\"}"));
	control_server_answer(
		scene->server, scene->last.client, strdup("{\"for\":\"the second\"}"));
	assert_string_equal(hear(scene, second), "{\"for\":\"the second\"}");
	close(second);
}

static void a_client_that_does_not_read_is_dropped_and_others_are_served(void **state)
{
	struct scene *scene = *state;
	int slow = client_of(scene, "");
	int other = client_of(scene, "");
	say(slow, "{\"request\":\"long\"}\n");
	say(other, "{\"request\":\"quick\"}\n");
	assert_non_null(strstr(hear(scene, other), "quick"));
	scene->now_mono_ms += CONTROL_STALL_MS_MAX + 1;
	say(other, "{\"request\":\"quick\"}\n");
	assert_non_null(strstr(hear(scene, other), "quick"));
	char bytes[65536];
	size_t heard = 0;
	ssize_t got;
	while ((got = recv(slow, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		heard += (size_t)got;
	assert_int_equal(got, 0); /* closed */
	assert_true(heard > 0 && heard < 1 << 20);
	close(slow);
	close(other);
}

static void half_a_line_is_not_waited_for_for_ever(void **state)
{
	struct scene *scene = *state;
	int fd = client_of(scene, "");
	say(fd, "{\"request\":");
	control_server_step(scene->server, scene->now_mono_ms);
	control_server_step(scene->server, scene->now_mono_ms);
	scene->now_mono_ms += CONTROL_STALL_MS_MAX + 1;
	assert_string_equal(hear(scene, fd), "");
	close(fd);
}

static void one_client_too_many_is_told_so(void **state)
{
	struct scene *scene = *state;
	int fds[CONTROL_CLIENTS_MAX + 1];
	for (size_t i = 0; i <= CONTROL_CLIENTS_MAX; i++) {
		fds[i] = client_of(scene, "");
		control_server_step(scene->server, 0);
		control_server_step(scene->server, 0);
	}
	assert_non_null(strstr(hear(scene, fds[CONTROL_CLIENTS_MAX]), "too many clients"));
	close(fds[0]);
	control_server_step(scene->server, 0);
	int fd = client_of(scene, "");
	say(fd, "{\"request\":\"again\"}\n");
	assert_non_null(strstr(hear(scene, fd), "again"));
	close(fd);
	for (size_t i = 1; i <= CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
}

static void a_second_daemon_at_the_same_path_is_refused(void **state)
{
	struct scene *scene = *state;
	char reason[CONTROL_REASON_MAX] = "";
	struct control_server_settings settings = {
		.path = scene->path, .call = on_call, .context = scene};
	struct control_server *second = NULL;
	assert_false(control_server_open(&settings, &second, reason));
	assert_non_null(strstr(reason, "another byport listens at"));
	assert_null(second);
	int fd = client_of(scene, ""); /* the first one's socket is still there */
	say(fd, "{\"request\":\"alive\"}\n");
	assert_non_null(strstr(hear(scene, fd), "alive"));
	close(fd);
}

static void a_socket_file_left_behind_is_replaced(void **state)
{
	struct scene *scene = *state;
	char reason[CONTROL_REASON_MAX] = "";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s/left", scene->directory);
	int left = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(left, (const struct sockaddr *)&address, sizeof address), 0);
	close(left);
	struct control_server_settings settings = {
		.path = address.sun_path, .call = on_call, .context = scene};
	struct control_server *server = NULL;
	assert_true(control_server_open(&settings, &server, reason));
	control_server_close(server);
}

static void a_path_too_long_is_refused_with_its_limit(void **state)
{
	(void)state;
	char reason[CONTROL_REASON_MAX] = "", path[200];
	memset(path, 'a', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	struct control_server_settings settings = {.path = path, .call = on_call};
	struct control_server *server = NULL;
	assert_false(control_server_open(&settings, &server, reason));
	assert_non_null(strstr(reason, "longer than 102 bytes"));
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(a_request_is_answered_and_the_caller_known),
		IN_SCENE(the_reading_socket_does_not_act),
		IN_SCENE(both_sockets_are_closed_to_others),
		IN_SCENE(bad_input_is_answered_in_words_and_the_client_stays),
		IN_SCENE(a_line_without_end_is_refused_at_its_bound),
		IN_SCENE(requests_in_one_go_are_answered_in_order),
		IN_SCENE(an_answer_may_come_later_and_only_to_who_asked),
		IN_SCENE(a_client_that_does_not_read_is_dropped_and_others_are_served),
		IN_SCENE(half_a_line_is_not_waited_for_for_ever),
		IN_SCENE(one_client_too_many_is_told_so),
		IN_SCENE(a_second_daemon_at_the_same_path_is_refused),
		IN_SCENE(a_socket_file_left_behind_is_replaced),
		cmocka_unit_test(a_path_too_long_is_refused_with_its_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
