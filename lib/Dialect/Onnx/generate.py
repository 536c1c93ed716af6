#!/usr/bin/env python3
# ===- generate.py - the onnx and msft dialects from their schemas -===//
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the operator definitions of the `onnx` and `msft` dialects, and the tables that the importer reads.

The onnx dialect holds, for every operator of the default domain, the newest schema with since_version <= 27, as the
package `onnx` lists them. The msft dialect holds the operators of domain com.microsoft that `onnxruntime` lists, and
those that it keeps in the default domain without a schema in the standard and that models in the wild contain.

  generate.py           rewrites the files
  generate.py --check   exits 1 and names the files that differ from what would be written
"""

import argparse
import os
import re
import sys
from collections import defaultdict
from types import SimpleNamespace

import numpy as np
import onnx

NEWEST_OPSET = 27
ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.."))

# ONNX's spelling of an element type -> (TensorProto.DataType, TableGen constraint).
ELEMENTS = {
    "float": (1, "F32"), "uint8": (2, "UI8"), "int8": (3, "I8"), "uint16": (4, "UI16"), "int16": (5, "I16"),
    "int32": (6, "I32"), "int64": (7, "I64"), "string": (8, "Onnx_String"), "bool": (9, "I1"), "float16": (10, "F16"),
    "double": (11, "F64"), "uint32": (12, "UI32"), "uint64": (13, "UI64"), "complex64": (14, "Complex<F32>"),
    "complex128": (15, "Complex<F64>"), "bfloat16": (16, "BF16"), "float8e4m3fn": (17, "F8E4M3FN"),
    "float8e4m3fnuz": (18, "F8E4M3FNUZ"), "float8e5m2": (19, "F8E5M2"), "float8e5m2fnuz": (20, "F8E5M2FNUZ"),
    "uint4": (21, "UI<4>"), "int4": (22, "I<4>"), "float4e2m1": (23, "F4E2M1FN"), "float8e8m0": (24, "F8E8M0FNU"),
    "uint2": (25, "UI<2>"), "int2": (26, "I<2>"),
}

KINDS = ["Undefined", "Float", "Int", "String", "Tensor", "Graph", "Floats", "Ints", "Strings", "Tensors", "Graphs",
         "SparseTensor", "SparseTensors", "TypeProto", "TypeProtos"]
ATTRIBUTES = {
    "Float": "Onnx_FloatAttr", "Int": "Onnx_IntAttr", "String": "StrAttr", "Tensor": "Onnx_TensorAttr",
    "Floats": "DenseF32ArrayAttr", "Ints": "DenseI64ArrayAttr", "Strings": "StrArrayAttr", "TypeProto": "TypeAttr",
}

# Results whose type variable no operand has: the attribute that decides (a DataType, or a tensor's element type for
# ConstantOfShape), and what holds without it: a DataType or the name of an operand.
FROM_ATTRIBUTE = {
    ("onnx", "BitCast"): ("to", None), ("onnx", "Cast"): ("to", None), ("onnx", "ConstantOfShape"): ("value", 1),
    ("onnx", "Bernoulli"): ("dtype", "input"), ("onnx", "EyeLike"): ("dtype", "input"),
    ("onnx", "RandomNormal"): ("dtype", 1), ("onnx", "RandomUniform"): ("dtype", 1),
    ("onnx", "RandomNormalLike"): ("dtype", "input"), ("onnx", "RandomUniformLike"): ("dtype", "input"),
    ("onnx", "Multinomial"): ("dtype", 6), ("onnx", "BlackmanWindow"): ("output_datatype", 1),
    ("onnx", "HammingWindow"): ("output_datatype", 1), ("onnx", "HannWindow"): ("output_datatype", 1),
    ("onnx", "MelWeightMatrix"): ("output_datatype", 1), ("onnx", "DequantizeLinear"): ("output_dtype", "x_scale"),
    ("onnx", "LayerNormalization"): ("stash_type", 1), ("onnx", "QuantizeLinear"): ("output_dtype", 2),
    ("msft", "DequantizeBFP"): ("dtype", 1), ("msft", "DequantizeWithOrder"): ("to", None),
    ("msft", "GemmFloat8"): ("dtype", 1), ("msft", "SimplifiedLayerNormalization"): ("stash_type", 1),
}
# The same, fixed or taken from the first of these operands that is there.
FROM_OPERAND = {
    ("msft", "DecoderMaskedMultiHeadAttention"): ["query"], ("msft", "MultiHeadAttention"): ["query"],
    ("msft", "GridSample"): ["X"], ("msft", "QGemm"): ["y_zero_point", 1], ("msft", "MatMulInteger16"): [6],
    ("msft", "QuantizeLinear"): ["y_zero_point", 2],
    ("msft", "MurmurHash3"): [12], ("msft", "ReduceSumInteger"): [6],
    ("onnx", "QuantizeLinear"): ["y_zero_point"],
}

RANDOM = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
          "BeamSearch", "GreedySearch", "Sampling", "WhisperBeamSearch", "EPContext", "Snpe", "SampleOp"}

# Names that would hide a method of the operation classes or one another: what the IR has instead.
RENAMED = {("Optional", "type"): "value_type", ("MatMulNBitsQkv", "K", "result"): "key"}

FAMILIES = ["math", "logical", "reduction", "tensor", "nn", "rnn", "quantization", "generator", "controlflow",
            "sequence", "optional", "text", "image", "object_detection"]

# Operators that onnxruntime keeps in the default domain.
CONTRIBUTED_DEFAULT = {"SimplifiedLayerNormalization"}


def clean(text, limit):
    """The first sentence of a schema's text, as one line."""
    text = re.sub(r"<[^>]*>", "", text or "")
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("}]", "} ]")
    text = re.sub(r"\s+", " ", text.split("\n\n")[0]).strip()
    sentence = re.split(r"(?<=[a-z0-9\])`'])\. ", text)[0].rstrip(". ")
    if len(sentence) > limit:
        sentence = sentence[:limit].rsplit(" ", 1)[0] + " ..."
    return sentence.encode("ascii", "replace").decode()


def parameter(p, type_str, option, homogeneous, min_arity):
    return SimpleNamespace(name=p.name, type_str=type_str, option=option, homogeneous=homogeneous,
                           min_arity=min_arity, types=sorted(p.types), description=p.description)


def attribute_order(a):
    """By name; but a branch comes before its alternative."""
    return (a.name == "else_branch", a.name)


def load_onnx():
    newest, versions = {}, defaultdict(list)
    for s in onnx.defs.get_all_schemas_with_history():
        if s.domain or s.since_version > NEWEST_OPSET:
            continue
        versions[s.name].append(s.since_version)
        if s.name not in newest or newest[s.name].since_version < s.since_version:
            newest[s.name] = s

    def params(ps):
        return [parameter(p, p.type_str, str(p.option).rsplit(".", 1)[-1], p.is_homogeneous, p.min_arity) for p in ps]

    for s in newest.values():
        attributes = [SimpleNamespace(name=a.name, kind=KINDS[a.type.value], required=a.required,
                                      default=a.default_value if a.default_value.name else None,
                                      description=a.description) for a in s.attributes.values()]
        family = re.search(r"defs[/\\](\w+)[/\\]\w+\.cc", s.file).group(1)
        yield SimpleNamespace(name=s.name, doc=s.doc, family=family, versions=sorted(versions[s.name]),
                              deprecated=s.deprecated, inputs=params(s.inputs), outputs=params(s.outputs),
                              attributes=sorted(attributes, key=attribute_order))


def load_msft():
    import onnxruntime.capi.onnxruntime_pybind11_state as runtime

    def params(ps):
        return [parameter(p, p.typeStr, p.option.name, p.isHomogeneous, 1) for p in ps]

    for s in runtime.get_all_operator_schema():
        if s.domain != "com.microsoft" and not (s.domain == "" and s.name in CONTRIBUTED_DEFAULT):
            continue
        attributes = []
        for a in s.attributes.values():
            default = None
            if a._default_value:
                default = onnx.AttributeProto()
                default.ParseFromString(a._default_value)
            attributes.append(SimpleNamespace(name=a.name, kind=KINDS[int(a.type.value)], required=a.required,
                                              default=default, description=a.description))
        yield SimpleNamespace(name=s.name, doc=s.doc, family="msft", versions=[s.since_version],
                              deprecated=s.deprecated, inputs=params(s.inputs), outputs=params(s.outputs),
                              attributes=sorted(attributes, key=lambda a: a.name))


class Types:
    """Type constraints, one definition for each distinct set."""

    def __init__(self, prefix):
        self.prefix, self.names = prefix, {}

    def constraint(self, types):
        key = tuple(types)
        if key not in self.names:
            elements = sorted({m.group(1) for m in (re.match(r"tensor\((\w+)\)$", t) for t in types) if m},
                              key=lambda e: ELEMENTS[e][0])
            alternatives = []
            if elements:
                alternatives.append(f"TensorOf<[{', '.join(ELEMENTS[e][1] for e in elements)}]>")
            if any(t.startswith("seq(") for t in types):
                alternatives.append("Onnx_SequenceType")
            if any(t.startswith("optional(") for t in types):
                alternatives.append("Onnx_OptionalType")
            body = alternatives[0] if len(alternatives) == 1 else f"AnyTypeOf<[{', '.join(alternatives)}]>"
            # Named after what it holds while that is short, else numbered.
            name = "_".join(elements) if len(alternatives) == 1 and elements and len(elements) <= 4 else None
            self.names[key] = (f"{self.prefix}_{name}" if name else f"{self.prefix}_Types{len(self.names)}", body)
        return self.names[key][0]

    def definitions(self):
        seen = {}
        for name, body in self.names.values():
            seen.setdefault(name, body)
        return "".join(f"defvar {name} = {body};\n" for name, body in seen.items())


def cpp_float(x):
    text = str(np.float32(x))  # the shortest that reads back as this float
    return (text if "." in text or "e" in text else text + ".0") + "f"


def attribute_constraint(a):
    base = ATTRIBUTES.get(a.kind)
    if base is None:
        return None
    if a.required:
        return base
    d = a.default
    if d is None:
        return f"OptionalAttr<{base}>"
    if a.kind == "Int":
        return f'DefaultValuedAttr<{base}, "{d.i}">'
    if a.kind == "Float":
        return f'DefaultValuedAttr<{base}, "{cpp_float(d.f)}">'
    if a.kind == "String":
        return f'DefaultValuedStrAttr<{base}, "{d.s.decode()}">'
    if a.kind == "Ints":
        return f'DefaultValuedAttr<{base}, "{{{", ".join(map(str, d.ints))}}}">'
    if a.kind == "Floats":
        return f'DefaultValuedAttr<{base}, "{{{", ".join(map(cpp_float, d.floats))}}}">'
    return f"OptionalAttr<{base}>"  # No schema has a default of these kinds that an operator's meaning needs.


def ods_name(op, name, *where):
    return RENAMED.get((op.name, name, *where), re.sub(r"\W", "_", name))


def ods_parameters(op, params, types, *where):
    wrap = {"Single": "{}", "Optional": "Optional<{}>", "Variadic": "Variadic<{}>"}
    return [f"{wrap[p.option].format(types.constraint(p.types))}:${ods_name(op, p.name, *where)}" for p in params]


def ods(op, dialect, types):
    """One operator as a TableGen record."""
    regions = [a for a in op.attributes if a.kind == "Graph"]
    traits = []
    if regions:
        traits.append("RecursiveMemoryEffects")
    elif op.name not in RANDOM:
        traits.append("Pure")
    if sum(p.option != "Single" for p in op.inputs) > 1:
        traits.append("AttrSizedOperandSegments")
    if sum(p.option != "Single" for p in op.outputs) > 1:
        traits.append("AttrSizedResultSegments")
    ins = ods_parameters(op, op.inputs, types)
    for a in op.attributes:
        constraint = attribute_constraint(a)
        if constraint:
            ins.append(f"{constraint}:${ods_name(op, a.name)}")
    outs = ods_parameters(op, op.outputs, types, "result")

    out = [f'def {dialect.capitalize()}_{op.name}Op : {dialect.capitalize()}_Op<"{op.name}", [{", ".join(traits)}]> {{']
    doc = clean(op.doc, 300)
    summary = clean(op.doc, 72).replace("\\", "").replace('"', "'") or f"The operator {op.name}"
    out.append(f'  let summary = "{summary}";')
    out.append("  let description = [{")
    since = f"Version {op.versions[-1]}." if dialect == "onnx" else ""
    out.append("    " + (doc + ". " if doc else "") + since)
    out.append("")
    for p in op.inputs + op.outputs:
        out.append(f"    * `{p.name}`: {clean(p.description, 96)}")
    for a in op.attributes:
        out.append(f"    * `{a.name}`: {clean(a.description, 96)}")
    out.append("  }];")

    def listing(keyword, items):
        lines, line = [], f"  let {keyword.split()[0]} = ({keyword.split()[1]}"
        for i, item in enumerate(items):
            item = " " + item + ("," if i + 1 < len(items) else "")
            if len(line) + len(item) > 118:
                lines.append(line)
                line = "     " + item
            else:
                line += item
        return lines + [line + ");"]

    out += listing("arguments ins", ins)
    out += listing("results outs", outs)
    if regions:
        kinds = [f"AnyRegion:${ods_name(op, r.name)}" for r in regions]
        out += listing("regions region", kinds)
    # A variadic or optional group that the generic form prints needs its sizes; nothing else is printed specially.
    out.append(f"  let assemblyFormat = [{{ `(` operands `)` {'regions ' if regions else ''}attr-dict `:` "
               "functional-type(operands, results) }];")
    out.append("}\n")
    return "\n".join(line.rstrip() for line in out)


def mask(types):
    bits = 0
    for t in types:
        m = re.match(r"tensor\((\w+)\)$", t)
        if m:
            bits |= 1 << ELEMENTS[m.group(1)][0]
        elif t.startswith("seq("):
            bits |= 1 << 30
        elif t.startswith("optional("):
            bits |= 1 << 31
    return bits


def result_rule(op, dialect, result):
    """How the element type of a result follows: {kind, operand, data type, attribute}."""
    names = [p.name for p in op.inputs]
    tensor_types = [t for t in result.types if t.startswith("tensor(")]
    if len(result.types) == 1 and tensor_types:
        return f"{{ResultRule::Fixed, -1, {ELEMENTS[tensor_types[0][7:-1]][0]}, nullptr}}"
    operands = [i for i, p in enumerate(op.inputs) if p.type_str == result.type_str]
    key = (dialect, op.name)
    if operands and key not in FROM_OPERAND:
        return f"{{ResultRule::Operand, {operands[0]}, 0, nullptr}}"
    if key in FROM_ATTRIBUTE:
        attribute, default = FROM_ATTRIBUTE[key]
        operand, data_type = -1, 0
        for d in FROM_OPERAND.get(key, []) + [default]:
            if isinstance(d, str):
                operand = names.index(d)
            elif d is not None:
                data_type = d
        return f'{{ResultRule::Attribute, {operand}, {data_type}, "{attribute}"}}'
    if key in FROM_OPERAND:
        operand, data_type = -1, 0
        for d in FROM_OPERAND[key]:
            if isinstance(d, str):
                operand = names.index(d)
            else:
                data_type = d
        return f"{{ResultRule::Operand, {operand}, {data_type}, nullptr}}"
    return "{ResultRule::Unknown, -1, 0, nullptr}"


def table(op, dialect):
    """One operator as C++ tables for the importer."""
    out = []
    variables = []
    for p in op.inputs + op.outputs:
        if p.type_str not in variables:
            variables.append(p.type_str)

    def params(ps, name):
        if not ps:
            return
        out.append(f"static const ParameterSchema {op.name}{name}[] = {{")
        for p in ps:
            out.append(f'    {{"{p.name}", ParameterSchema::{p.option}, {str(p.homogeneous).lower()}, '
                       f"{variables.index(p.type_str)}, 0x{mask(p.types):x}}},")
        out.append("};")

    params(op.inputs, "Inputs")
    params(op.outputs, "Outputs")
    if op.outputs:
        rules = ", ".join(result_rule(op, dialect, r) for r in op.outputs)
        out.append(f"static const ResultRule {op.name}Rules[] = {{{rules}}};")
    if op.attributes:
        out.append(f"static const AttributeSchema {op.name}Attributes[] = {{")
        for a in op.attributes:
            out.append(f'    {{"{a.name}", "{ods_name(op, a.name)}", AttributeSchema::{a.kind}, '
                       f"{str(a.required).lower()}}},")
        out.append("};")
    out.append(f"static const int {op.name}Versions[] = {{{', '.join(map(str, op.versions))}}};")
    return "\n".join(out) + "\n"


def schema_entry(op):
    def ref(present, name):
        return f"{op.name}{name}" if present else "{}"

    return (f'    {{"{op.name}", {ref(op.inputs, "Inputs")}, {ref(op.outputs, "Outputs")}, {ref(op.outputs, "Rules")}, '
            f'{ref(op.attributes, "Attributes")}, {op.name}Versions, {str(op.deprecated).lower()}}},')


def check_names(op):
    """Accessors must not hide each other or the operation's own methods."""
    reserved = {"type", "name", "operands", "results", "loc", "context", "properties", "operation", "regions"}
    seen = set()
    names = [ods_name(op, x.name) for x in op.inputs + op.attributes]
    for name in names + [ods_name(op, x.name, "result") for x in op.outputs]:
        key = name.replace("_", "").lower()
        if key in seen or key in reserved:
            sys.exit(f"{op.name}: the name {name} clashes")
        seen.add(key)


def header(path, what, package):
    language = "C++" if path.endswith(".inc") else "tablegen"
    return (f"//===- {os.path.basename(path)} - {what} ---*- {language} -*-===//\n"
            "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
            f"// Written by lib/Dialect/Onnx/generate.py from the schemas of {package}; do not edit.\n"
            "//===----------------------------------------------------------------------===//\n\n")


def build(dialect, ops, package):
    """All files of a dialect: {path: text}."""
    capital = dialect.capitalize()
    folder = f"include/squint/Dialect/{capital}"
    ops = sorted(ops, key=lambda o: o.name)
    types, files, includes = Types(capital), {}, []
    families = FAMILIES if dialect == "onnx" else ["msft"]
    unknown = {o.family for o in ops} - set(families)
    if unknown:
        sys.exit(f"expected a known family of operators, got {', '.join(sorted(unknown))}")
    bodies = []
    for family in families:
        members = [o for o in ops if o.family == family]
        for o in members:
            check_names(o)
        title = "".join(w.capitalize() for w in family.split("_"))
        path = f"{folder}/{'Ops' + title if dialect == 'onnx' else 'OpsContrib'}.td"
        bodies.append((path, family, "\n".join(ods(o, dialect, types) for o in members)))
    path = f"{folder}/{capital}TypeSets.td"
    files[path] = header(path, f"types that operators of {dialect} take", package) + types.definitions()
    for path, family, body in bodies:
        files[path] = header(path, f"operators of the family {family}", package) + body
        includes.append(path)
    path = f"{folder}/{capital}Ops.td"
    files[path] = header(path, f"the operators of the {dialect} dialect", package) + \
        f'include "{folder[8:]}/{capital}Base.td"\ninclude "{folder[8:]}/{capital}TypeSets.td"\n' + \
        (f'include "{folder[8:]}/OnnxYield.td"\n' if dialect == "onnx" else "") + \
        "".join(f'include "{p[8:]}"\n' for p in includes)
    path = f"lib/Dialect/{capital}/{capital}Schemas.inc"
    files[path] = header(path, "what the importer knows of each operator", package) + \
        "\n".join(table(o, dialect) for o in ops) + f"\nstatic const OpSchema k{capital}Schemas[] = {{\n" + \
        "\n".join(schema_entry(o) for o in ops) + "\n};\n"
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the files in the tree, write nothing")
    parser.add_argument("--root", default=ROOT, help="the source tree (default: the one this script is in)")
    args = parser.parse_args()

    import onnxruntime
    files = build("onnx", load_onnx(), f"onnx {onnx.__version__}")
    files.update(build("msft", load_msft(), f"onnxruntime {onnxruntime.__version__}"))
    stale = []
    for path, text in files.items():
        full = os.path.join(args.root, path)
        old = open(full).read() if os.path.exists(full) else None
        if old == text:
            continue
        stale.append(path)
        if not args.check:
            with open(full, "w") as f:
                f.write(text)
    if args.check and stale:
        print("stale, run lib/Dialect/Onnx/generate.py:\n  " + "\n  ".join(stale), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
