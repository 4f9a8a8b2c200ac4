#!/usr/bin/env python3
"""The stories of partition_test.py with every validator in a network namespace of its own: the links that are cut are
the kernel's, packets are lost in it and TCP repeats them. Skipped, with a reason, where the machine does not let a
program make namespaces."""
import fogtest
import links
import partition_test


class Namespaced(partition_test.Partitions, fogtest.StagedTest):
    @classmethod
    def make(cls, accounts):
        return links.NamespacedValidators(cls.stage, partition_test.COUNT, accounts, settings=partition_test.SETTINGS,
                                          options=partition_test.OPTIONS)


if __name__ == "__main__":
    links.enter_namespaces()
    fogtest.main()
