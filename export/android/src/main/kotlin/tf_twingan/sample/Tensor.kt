package tf_twingan.sample

import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.roundToInt
import org.json.JSONObject

/** How a file holds values of -1..1: as floats, or as steps of 8 bits. */
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

  /** A vector is for search; pictures are [1, px, px, 3]. */
  val isPicture = sizes.size == 4

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
