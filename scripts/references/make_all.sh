#!/bin/sh
# Makes every fixture anew, each part in its own environment (see data/models/references/README.md).
set -eu
cd "$(dirname "$0")"
envs=${1:-../../envs}
nice "$envs/ref-st/bin/python" make_sgpt.py
nice "$envs/ref-gritlm/bin/python" make_gritlm.py
nice "$envs/ref-llm2vec/bin/python" make_llm2vec.py
nice "$envs/ref-llm2vec/bin/python" make_prompteol.py
for name in ref-st ref-gritlm ref-llm2vec; do
    "$envs/$name/bin/python" -m pip freeze | sed 's/ @ file:.*torch-\(.*\)+cpu.*/==\1/' > "../../data/models/references/requirements-$name.txt"
done
