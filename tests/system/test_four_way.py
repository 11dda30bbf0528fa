# SPDX-License-Identifier: Apache-2.0
"""test_four_way.py -- Devices, gateway, broker and archive, each killed, stopped, restarted, cut off, bereft of its
memory, from a fixed seed: at the end the archive has what the devices counted, to the step, each interval once. For
other seeds, for longer, and for a thousand kills: tests/system/four_way."""
import os
import random
import time

import cables
import four_way_judge as judges
import four_way_scene as scenes
import four_way_troubles as troubles
import rig

SEED = 1007  # every part is killed, the store lost, the archive restored, each cable pulled
TROUBLE_S = 12
DELIVER_S = 60
KILLS = 12  # of each
NO_NETWORKS = cables.own_network()


class FourWay(rig.Case):
    def scene(self):
        if NO_NETWORKS:
            print(f"nothing is cut off: {NO_NETWORKS}")
        return scenes.Scene(self.use, NO_NETWORKS)

    def assert_all_arrived(self, scene):
        scene.devices.let_counters_end()
        scene.start_all_again()
        judge = judges.at_the_end(scene, DELIVER_S)
        print(judge.report())
        self.assertFalse(judge.faults)
        return judge.figures

    def test_whatever_happens_to_any_of_the_four_the_archive_has_what_the_devices_counted(self):
        print(f"seed {SEED}")
        scene = self.scene()
        troubles.cause(scene, troubles.plan(SEED, TROUBLE_S), print)
        figures = self.assert_all_arrived(scene)
        self.assertGreater(figures["measured"], 0)
        self.assertGreater(figures["estimated"], 0)

    def test_killed_again_and_again_nothing_is_lost_or_counted_twice(self):
        seed = int(os.environ.get("BYPORT_SEED", time.time()))
        print(f"seed {seed}")
        scene = self.scene()
        for _ in troubles.kill_again_and_again(scene, ("gateway", "broker", "archive"), KILLS, random.Random(seed)):
            pass
        self.assert_all_arrived(scene)


if __name__ == "__main__":
    rig.main()
