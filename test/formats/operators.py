"""Lists every operator of the ONNX standard, with the operator sets in which its definition changed, into operators.json.

Run with any Python that has the package onnx: python test/formats/operators.py
"""

import json
import pathlib

import onnx
from onnx import defs

operators = {}
for schema in defs.get_all_schemas_with_history():
    name = schema.name if schema.domain == "" else f"{schema.domain}.{schema.name}"
    entry = operators.setdefault(name, {"versions": [], "deprecated": False})
    entry["versions"].append(schema.since_version)
    if schema.since_version == max(entry["versions"]):
        entry["deprecated"] = schema.deprecated
        entry["inputs"] = schema.min_input
        entry["outputs"] = max(1, schema.min_output)
for entry in operators.values():
    entry["versions"].sort()

lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(operators[name])}" for name in sorted(operators))
text = f'{{\n"onnx": "{onnx.__version__}",\n"opset": {defs.onnx_opset_version()},\n"operators": {{\n{lines}\n}}\n}}\n'
pathlib.Path(__file__).with_name("operators.json").write_text(text)
