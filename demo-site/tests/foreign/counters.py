"""Reads the counters by Prometheus' own parser, and tells the numbers: counters.py < TEXT"""

import sys

from prometheus_client.parser import text_string_to_metric_families

for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        print(sample.name, family.type, *sample.labels.values(), int(sample.value))
