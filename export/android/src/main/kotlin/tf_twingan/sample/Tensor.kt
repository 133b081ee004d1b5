package tf_twingan.sample

import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.roundToInt
import org.json.JSONObject

/** Converts values of -1..1 to those of a file: floats, or 8-bit steps. */
class Tensor(tensor: JSONObject) {
  private val shape = tensor.getJSONArray("shape")
  private val sizes = List(shape.length()) { shape.getInt(it) }
  private val count = sizes.reduce { a, b -> a * b }
  private val inSteps = when (val dtype = tensor.getString("dtype")) {
    "float32" -> false
    "uint8" -> true
    else -> error("A tensor is $dtype; take a file of float32 or uint8.")
  }
  private val scale = if (inSteps) tensor.getDouble("scale").toFloat() else 1f
  private val zero = if (inSteps) tensor.getInt("zero_point") else 0

  /** Images are [1, px, px, 3]; a vector is an embedding to search with. */
  val isImage = sizes.size == 4

  fun buffer(): ByteBuffer =
    ByteBuffer.allocateDirect(if (inSteps) count else 4 * count)
      .order(ByteOrder.nativeOrder())

  fun put(value: Float, buffer: ByteBuffer) {
    val step = (value / scale).roundToInt() + zero
    if (inSteps) buffer.put(step.coerceIn(0, 255).toByte())
    else buffer.putFloat(value)
  }

  fun get(buffer: ByteBuffer): Float =
    if (inSteps) ((buffer.get().toInt() and 0xff) - zero) * scale
    else buffer.getFloat()
}
