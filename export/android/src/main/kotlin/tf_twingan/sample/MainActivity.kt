package tf_twingan.sample

import android.graphics.ImageDecoder
import android.os.Bundle
import android.widget.Button
import android.widget.ImageView
import android.widget.LinearLayout
import androidx.activity.ComponentActivity
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia
import java.util.concurrent.Executors

/** Translates a photo that the user picks, and says how long it took. */
class MainActivity : ComponentActivity() {
  // An interpreter may be used by one thread at a time: this one.
  private val worker = Executors.newSingleThreadExecutor()
  private val translator = lazy { Translator(assets) }
  private val button by lazy { Button(this) }
  private val image by lazy { ImageView(this) }

  private val pick = registerForActivityResult(PickVisualMedia()) { uri ->
    if (uri != null) show {
      val source = ImageDecoder.createSource(contentResolver, uri)
      val photo = ImageDecoder.decodeBitmap(source) { decoder, info, _ ->
        decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE
        val side = minOf(info.size.width, info.size.height)
        val times = side / (4 * translator.value.resolution)
        decoder.setTargetSampleSize(maxOf(1, times))
      }
      translator.value.translate(photo)
    }
  }

  override fun onCreate(savedInstanceState: Bundle?) {
    super.onCreate(savedInstanceState)
    val request = PickVisualMediaRequest(PickVisualMedia.ImageOnly)
    button.setOnClickListener { pick.launch(request) }
    val column = LinearLayout(this)
    column.orientation = LinearLayout.VERTICAL
    column.fitsSystemWindows = true
    column.addView(button)
    column.addView(image, -1, -1)
    setContentView(column)
    show { translator.value.golden() }
  }

  override fun onDestroy() {
    worker.execute { if (translator.isInitialized()) translator.value.close() }
    worker.shutdown()
    super.onDestroy()
  }

  private fun show(translate: () -> Translator.Translation) {
    worker.execute {
      val result = runCatching(translate)
      runOnUiThread {
        result.onSuccess {
          image.setImageBitmap(it.bitmap)
          button.text = "Choose a photo\n${translator.value.title}: ${it.note}"
        }
        result.onFailure { button.text = it.toString() }
      }
    }
  }
}
