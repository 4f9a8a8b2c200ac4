#!/usr/bin/env python3
"""Four validators whose links are bad and not cut: connections are reset, refused and slow. See partition_test.py.

FOG_ROUNDS=N runs each story N times."""
import time

import fogtest
import partition_test


class BadLinks(partition_test.LinkedValidators, fogtest.StagedTest):
    make = classmethod(partition_test.proxied)

    def test_connections_that_are_reset(self):
        for _ in range(partition_test.ROUNDS):
            payments = [partition_test.Payment(self, through) for through in partition_test.ALL]
            for _ in range(5):
                self.net.reset(partition_test.ALL, partition_test.ALL)
                time.sleep(0.5)
            for payment in payments:
                payment.height()
            self.net.reset({0}, {1, 2, 3}, refuse=True)
            for through in (1, 2, 3):
                self.pay(through)
            self.heal()
            self.agree()

    def test_links_that_are_slow(self):
        for _ in range(partition_test.ROUNDS):
            self.net.delay(partition_test.ALL, partition_test.ALL, 0.1)
            for through in partition_test.ALL:
                self.pay(through)
            self.net.delay(partition_test.ALL, partition_test.ALL, 0)
            self.agree()


if __name__ == "__main__":
    fogtest.main()
