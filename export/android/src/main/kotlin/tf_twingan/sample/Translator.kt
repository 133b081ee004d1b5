package tf_twingan.sample

import android.content.res.AssetManager
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Color
import android.os.SystemClock
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.abs
import kotlin.math.roundToInt
import org.json.JSONObject
import org.tensorflow.lite.Interpreter

/** A bundle among the assets; all that is known of it is its manifest.json. */
class Translator(private val assets: AssetManager) : AutoCloseable {
  private val manifest =
    JSONObject(assets.open("manifest.json").use { it.reader().readText() })
  private val files = manifest.getJSONObject("files")
  val resolution = manifest.getInt("resolution")

  /** The first file of the manifest that is here and draws. */
  private val file = files.keys().asSequence().firstOrNull { name ->
    name.endsWith(".tflite") && name in assets.list("").orEmpty() &&
      Tensor(files.getJSONObject(name).getJSONObject("output")).isPicture
  } ?: error("Copy one of ${files.keys().asSequence().toList()} to the assets.")
  private val entry = files.getJSONObject(file)
  private val input = Tensor(entry.getJSONObject("input"))
  private val output = Tensor(entry.getJSONObject("output"))
  val title = manifest.getString("name") + ", " + entry.getString("format")

  private val interpreter = assets.open(file).use { stream ->
    val bytes = stream.readBytes()
    val model = ByteBuffer.allocateDirect(bytes.size)
    model.order(ByteOrder.nativeOrder()).put(bytes).rewind()
    Interpreter(model, Interpreter.Options().setNumThreads(2))
  }

  class Drawn(val picture: Bitmap, val note: String)

  /** Draws the square in a picture's middle anew; one thread at a time. */
  fun translate(picture: Bitmap): Drawn {
    val given = input.buffer()
    for (channel in pixels(square(picture)).flatMap(::channels)) {
      input.put(channel / 127.5f - 1, given)
    }
    val drawn = output.buffer()
    val begun = SystemClock.elapsedRealtimeNanos()
    interpreter.run(given.rewind(), drawn)
    val nanoseconds = SystemClock.elapsedRealtimeNanos() - begun
    drawn.rewind()
    fun next() =
      (output.get(drawn) * 127.5f + 127.5f).roundToInt().coerceIn(0, 255)
    val result = Bitmap.createBitmap(
      IntArray(resolution * resolution) { Color.rgb(next(), next(), next()) },
      resolution, resolution, Bitmap.Config.ARGB_8888,
    )
    return Drawn(result, "%.1f ms".format(nanoseconds / 1e6))
  }

  /** The picture that comes with the bundle, drawn, and how far it is off. */
  fun golden(): Drawn {
    val golden = manifest.getJSONObject("golden")
    fun load(name: String) =
      assets.open(name).use { BitmapFactory.decodeStream(it) }
    val drawn = translate(load(golden.getString("input")))
    val expected = pixels(load(golden.getString("output")))
    val off = pixels(drawn.picture).zip(expected).maxOf { (a, b) ->
      channels(a).zip(channels(b)).maxOf { (one, other) -> abs(one - other) }
    }
    return Drawn(drawn.picture, "${drawn.note}, off by up to $off of 255")
  }

  override fun close() = interpreter.close()

  private fun channels(rgb: Int) = listOf(16, 8, 0).map { rgb shr it and 255 }

  private fun pixels(picture: Bitmap): IntArray {
    val colors = IntArray(resolution * resolution)
    picture.getPixels(colors, 0, resolution, 0, 0, resolution, resolution)
    return colors
  }

  /** In halves, for bilinear scaling by more leaves pixels out. */
  private fun square(picture: Bitmap): Bitmap {
    var side = minOf(picture.width, picture.height)
    val (left, top) = (picture.width - side) / 2 to (picture.height - side) / 2
    var square = Bitmap.createBitmap(picture, left, top, side, side)
    while (side != resolution) {
      side = maxOf(side / 2, resolution)
      square = Bitmap.createScaledBitmap(square, side, side, true)
    }
    return square
  }
}
