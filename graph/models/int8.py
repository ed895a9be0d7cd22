"""MiniLM's ONNX graph rewritten with onnxruntime's own operators: int8 arithmetic, and few operators instead of many.

The weights are int8 already, but the graph turns each into float32 (`Cast`, then `Mul` by a scale for each column or
row) before it is used. With `DynamicQuantizeMatMul` instead, an embedding takes a third of the CPU and half the memory.
Attention and GELU, which are some forty operators a layer, become one each.

The model file is a protobuf message. Only the fields that are changed are declared here; protobuf keeps all others.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

DOMAIN = "com.microsoft"
"""Of onnxruntime's own operators."""
HEADS = 12
"""Of the model's attention."""
INT = 2
"""The type of an attribute."""

# Message → field → its number in onnx.proto, its type (a scalar or a message) and whether it is repeated.
SCHEMA: Mapping[str, Mapping[str, tuple[int, str, bool]]] = {
    "Model": {"graph": (7, "Graph", False), "opset_import": (8, "Opset", True)},
    "Opset": {"domain": (1, "string", False), "version": (2, "int64", False)},
    "Graph": {"node": (1, "Node", True), "initializer": (5, "Tensor", True), "output": (12, "Value", True)},
    "Value": {"name": (1, "string", False)},
    "Node": {
        "input": (1, "string", True),
        "output": (2, "string", True),
        "op_type": (4, "string", False),
        "attribute": (5, "Attribute", True),
        "domain": (7, "string", False),
    },
    "Attribute": {"name": (1, "string", False), "i": (3, "int64", False), "type": (20, "int32", False)},
    "Tensor": {"dims": (1, "int64", True), "name": (8, "string", False)},
}


def optimized(model: bytes) -> bytes:
    """The ONNX model of one text without padding, with fewer operators, and products by int8 weights in int8."""
    parsed = _message_class("Model").FromString(model)
    _compute_in_int8(parsed.graph)
    made_by = {name: node for node in parsed.graph.node for name in node.output}
    for node in list(parsed.graph.node):
        if node.op_type == "Erf":
            _fuse_gelu(parsed.graph, node, made_by)
        elif node.op_type == "Softmax":
            _fuse_attention(parsed.graph, node, made_by)
    _drop_unused(parsed.graph)
    parsed.opset_import.add(domain=DOMAIN, version=1)
    serialized: bytes = parsed.SerializeToString()
    return serialized


def _compute_in_int8(graph: Any) -> None:
    """Compute products by int8 weights in int8, and look rows of them up in int8."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    made_by = {name: node for node in graph.node for name in node.output}
    for node in list(graph.node):
        if node.op_type == "MatMul" and (weight := _weight(node.input[1], made_by, tensors)):
            del weight.scale.dims[:-1]  # one row of scales, as a vector
            del node.input[1:]
            node.input.extend([weight.cast.input[0], weight.scale.name])
            node.op_type, node.domain = "DynamicQuantizeMatMul", DOMAIN
            _add_bias(graph, node)
        elif node.op_type == "Gather" and (weight := _weight(node.input[0], made_by, tensors)):
            _gather_before_scaling(graph, node, weight)


def _add_bias(graph: Any, product: Any) -> None:
    """Have the product add the bias that is added to it next."""
    (add,) = _users(graph, product)
    product.input.extend(["", add.input[1]])  # no zero point
    product.output[0], add.output[0] = add.output[0], f"{add.output[0]}_unused"


def _fuse_gelu(graph: Any, erf: Any, made_by: Mapping[str, Any]) -> None:
    """Compute x · ½ (1 + erf(x / √2)) in one operator."""
    last = erf
    for _ in ("Add", "Mul", "Mul"):
        (last,) = _users(graph, last)
    graph.node.add(op_type="Gelu", domain=DOMAIN, input=made_by[erf.input[0]].input[:1], output=last.output)
    last.output[0] += "_unused"


def _fuse_attention(graph: Any, softmax: Any, made_by: Mapping[str, Any]) -> None:
    """Compute the attention of a layer in one operator, without a mask: there is one text, and no padding."""
    scores = made_by[made_by[softmax.input[0]].input[0]]
    last = next(user for user in _users(graph, softmax) if user.op_type == "Where")
    (product,) = _users(graph, last)
    (transpose,) = _users(graph, product)
    (last,) = _users(graph, transpose)
    projections = [_projection(name, made_by) for name in (*scores.input, product.input[1])]
    node = graph.node.add(op_type="MultiHeadAttention", domain=DOMAIN, input=projections, output=last.output)
    node.attribute.add(name="num_heads", i=HEADS, type=INT)
    last.output[0] += "_unused"


def _projection(name: str, made_by: Mapping[str, Any]) -> str:
    """The product of the text and the weights for queries, keys or values, from which this value was shaped."""
    while made_by[name].op_type != "DynamicQuantizeMatMul":
        name = made_by[name].input[0]
    return name


def _users(graph: Any, node: Any) -> list[Any]:
    return [user for user in graph.node if node.output[0] in user.input]


def _drop_unused(graph: Any) -> None:
    """Delete the nodes that nothing needs any more."""
    made_by = {name: node for node in graph.node for name in node.output}
    wanted, used = [value.name for value in graph.output], set[str]()
    while wanted:
        if (name := wanted.pop()) in made_by and name not in used:
            used.add(name)
            wanted += made_by[name].input
    for place in reversed(range(len(graph.node))):
        if used.isdisjoint(graph.node[place].output):
            del graph.node[place]


class _Weight(NamedTuple):
    """An int8 tensor that `cast` turns into float32 and `mul` scales."""

    cast: Any
    mul: Any
    scale: Any


def _weight(name: str, made_by: Mapping[str, Any], tensors: Mapping[str, Any]) -> _Weight | None:
    """The weight behind this value; None where it is something else."""
    mul = made_by.get(name)
    if mul is None or mul.op_type != "Mul":
        return None
    cast, scale = made_by.get(mul.input[0]), tensors.get(mul.input[1])
    if cast is None or cast.op_type != "Cast" or cast.input[0] not in tensors or scale is None:
        return None
    return _Weight(cast, mul, scale)


def _gather_before_scaling(graph: Any, gather: Any, weight: _Weight) -> None:
    """Look rows up in the int8 table and in its column of scales, and scale only these rows."""
    rows, scales, indices, found = f"{gather.output[0]}_q", f"{gather.output[0]}_s", gather.input[1], gather.output[0]
    graph.node.add(op_type="Gather", input=[weight.cast.input[0], indices], output=[rows])
    gather.input[0], gather.output[0] = weight.scale.name, scales
    weight.cast.input[0] = rows
    weight.mul.input[1], weight.mul.output[0] = scales, found


def _message_class(name: str) -> Any:
    file = FileDescriptorProto(name="onnx_parts.proto", package="onnx_parts", syntax="proto2")
    for message, fields in SCHEMA.items():
        declared = file.message_type.add(name=message)
        for field, (number, kind, repeated) in fields.items():
            label = Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL
            added = declared.field.add(name=field, number=number, label=label)
            if kind in SCHEMA:
                added.type, added.type_name = Field.TYPE_MESSAGE, f".onnx_parts.{kind}"
            else:
                added.type = getattr(Field, f"TYPE_{kind.upper()}")
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"onnx_parts.{name}"))
