/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_control_request.c -- What a process of this board may write to the
 * control socket: each whole line is answered with one line of JSON, by the
 * daemon's own server and its own requests on a pipeline with a real store.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/control_requests.h"
#include "gateway/daemon_buses.h"
#include "tests/fakes/pipeline_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

enum {
	INPUTS_A_SCENE = 2000, /* settlements make its store grow */
	STEPS_MAX = 64,        /* more than one input needs */
	ANSWER_BYTES_MAX = 1 << 20,
	LIVE_MS = 3600000,
};

static struct {
	struct scene *scene;
	struct report_queue *queue;
	struct control_requests requests;
	struct control_server *server;
	char directory[64];
	char path[80];
	size_t inputs;
	int64_t now_mono_ms;
} daemon_;

static void on_call(void *context, const struct control_call *call)
{
	(void)context;
	control_requests_call(&daemon_.requests, call);
}

static char *reload(void *context, const char *by)
{
	(void)context;
	return control_error("not here, %s", by);
}

static void open_scene(void)
{
	int64_t mwh[2] = {1000000, 2000000};
	daemon_.scene = scene_new(scene_two_meters);
	scene_connect(daemon_.scene);
	scene_live_on(daemon_.scene, LIVE_MS, mwh);
	scene_cut(daemon_.scene);
	daemon_.requests = (struct control_requests){
		.server = daemon_.server,
		.pipeline = daemon_.scene->pipeline,
		.buses = daemon_.requests.buses,
		.loans = daemon_.requests.loans,
		.view = {.pipeline = daemon_.scene->pipeline,
			 .buses = daemon_.requests.buses,
			 .configuration = "/site.yaml"},
		.reload = reload
        };
	daemon_.inputs = 0;
}

static void leave(void)
{
	control_server_close(daemon_.server);
	scene_end(daemon_.scene);
	daemon_loans_end(daemon_.requests.loans);
	daemon_buses_end(daemon_.requests.buses, 0);
	report_queue_free(daemon_.queue);
	rmdir(daemon_.directory);
}

static void open_all(void)
{
	char reason[CONTROL_REASON_MAX] = "";
	snprintf(daemon_.directory, sizeof daemon_.directory, "/tmp/byport-fuzz-XXXXXX");
	if (mkdtemp(daemon_.directory) == NULL)
		abort();
	snprintf(daemon_.path, sizeof daemon_.path, "%s/control", daemon_.directory);
	struct control_server_settings settings = {.path = daemon_.path, .call = on_call};
	if (!control_server_open(&settings, &daemon_.server, reason))
		abort();
	daemon_.queue = report_queue_new(65536);
	daemon_.requests.buses = daemon_buses_new(daemon_.queue);
	daemon_.requests.loans = daemon_loans_new();
	open_scene();
	atexit(leave);
}

static int connect_client(bool acts)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s%s", daemon_.path,
		acts ? "" : CONTROL_READ_SUFFIX);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		abort();
	return fd;
}

/* Lines that came back are JSON objects. */
static void check_answers(char *answers)
{
	for (char *line = strtok(answers, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		json_error_t error;
		json_t *json = json_loads(line, 0, &error);
		if (!json_is_object(json)) {
			fprintf(stderr, "no JSON object: %s\n", line);
			abort();
		}
		json_decref(json);
	}
}

static void converse(int fd, const uint8_t *input, size_t length)
{
	static char answers[ANSWER_BYTES_MAX + 1];
	size_t sent = 0, got = 0;
	for (int i = 0; i < STEPS_MAX && got < ANSWER_BYTES_MAX; i++) {
		if (sent < length) {
			ssize_t took = send(fd, input + sent, length - sent, MSG_NOSIGNAL);
			sent += took > 0 ? (size_t)took : 0;
		} else {
			shutdown(fd, SHUT_WR);
		}
		control_server_step(daemon_.server, ++daemon_.now_mono_ms);
		ssize_t came = read(fd, answers + got, ANSWER_BYTES_MAX - got);
		if (came == 0)
			break;
		got += came > 0 ? (size_t)came : 0;
	}
	/* The last line may not be whole yet. */
	while (got > 0 && answers[got - 1] != '\n')
		got--;
	answers[got] = '\0';
	check_answers(answers);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
	if (daemon_.server == NULL)
		open_all();
	if (++daemon_.inputs > INPUTS_A_SCENE) {
		scene_end(daemon_.scene);
		open_scene();
	}
	if (length == 0)
		return 0;
	int fd = connect_client(input[0] != 'r');
	converse(fd, input + 1, length - 1);
	close(fd);
	for (int i = 0; i < 2; i++)
		control_server_step(daemon_.server, ++daemon_.now_mono_ms);
	daemon_.scene->said_count = 0;
	return 0;
}
