plugins {
  id("com.android.application") version "8.7.3"
  id("org.jetbrains.kotlin.android") version "2.0.21"
}

android {
  namespace = "tf_twingan.sample"
  compileSdk = 35
  defaultConfig {
    applicationId = "tf_twingan.sample"
    minSdk = 28  // ImageDecoder, which turns photos upright.
    targetSdk = 35
    versionCode = 1
    versionName = "1"
  }
  compileOptions {
    sourceCompatibility = JavaVersion.VERSION_17
    targetCompatibility = JavaVersion.VERSION_17
  }
  kotlinOptions { jvmTarget = "17" }
}

dependencies {
  implementation("androidx.activity:activity-ktx:1.9.3")
  implementation("com.google.ai.edge.litert:litert:1.0.1")
}
