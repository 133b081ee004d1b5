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

/** Translates with the bundle among the assets, by its manifest.json. */
class Translator(private val assets: AssetManager) : AutoCloseable {
  private val manifest =
    JSONObject(assets.open("manifest.json").use { it.reader().readText() })
  private val files = manifest.getJSONObject("files")
  val resolution = manifest.getInt("resolution")

  /** The first file of the manifest that is here and translates. */
  private val file = files.keys().asSequence().firstOrNull { name ->
    name.endsWith(".tflite") && name in assets.list("").orEmpty() &&
      Tensor(files.getJSONObject(name).getJSONObject("output")).isImage
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

  class Translation(val bitmap: Bitmap, val note: String)

  /** Translates the square in the middle; one thread at a time. */
  fun translate(photo: Bitmap): Translation {
    val values = input.buffer()
    for (channel in pixels(square(photo)).flatMap(::channels)) {
      input.put(channel / 127.5f - 1, values)
    }
    val results = output.buffer()
    val start = SystemClock.elapsedRealtimeNanos()
    interpreter.run(values.rewind(), results)
    val nanoseconds = SystemClock.elapsedRealtimeNanos() - start
    results.rewind()
    fun next() =
      (output.get(results) * 127.5f + 127.5f).roundToInt().coerceIn(0, 255)
    val bitmap = Bitmap.createBitmap(
      IntArray(resolution * resolution) { Color.rgb(next(), next(), next()) },
      resolution, resolution, Bitmap.Config.ARGB_8888,
    )
    return Translation(bitmap, "%.1f ms".format(nanoseconds / 1e6))
  }

  /** Translates the golden image, and says how far the result is off. */
  fun golden(): Translation {
    val golden = manifest.getJSONObject("golden")
    fun load(name: String) =
      assets.open(name).use { BitmapFactory.decodeStream(it) }
    val translation = translate(load(golden.getString("input")))
    val expected = pixels(load(golden.getString("output")))
    val off = pixels(translation.bitmap).zip(expected).maxOf { (a, b) ->
      channels(a).zip(channels(b)).maxOf { (one, other) -> abs(one - other) }
    }
    return Translation(
      translation.bitmap, "${translation.note}, off by up to $off of 255",
    )
  }

  override fun close() = interpreter.close()

  private fun channels(rgb: Int) = listOf(16, 8, 0).map { rgb shr it and 255 }

  private fun pixels(bitmap: Bitmap): IntArray {
    val colors = IntArray(resolution * resolution)
    bitmap.getPixels(colors, 0, resolution, 0, 0, resolution, resolution)
    return colors
  }

  /** Scales by halves, as bilinear scaling by more would skip pixels. */
  private fun square(photo: Bitmap): Bitmap {
    var side = minOf(photo.width, photo.height)
    val (left, top) = (photo.width - side) / 2 to (photo.height - side) / 2
    var square = Bitmap.createBitmap(photo, left, top, side, side)
    while (side != resolution) {
      side = maxOf(side / 2, resolution)
      square = Bitmap.createScaledBitmap(square, side, side, true)
    }
    return square
  }
}
