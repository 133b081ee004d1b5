"""Names and limits that flags need, in a module that imports nothing."""

# Feature networks by name; any other value is a path.
OWN_FEATURES, INCEPTION = 'own', 'inception'

# Source dependence divides the images into five parts of at least two.
FEWEST_IMAGES = 10
# Held-out images of each domain that are scored by default.
IMAGES = 200

# Rows of a table: what is scored first ...
TRANSLATION = 'translation'
# ... and the baselines that it is compared with.
UNTRANSLATED = 'untranslated'
COLOR_TRANSFER = 'colour transfer'
SHUFFLED = 'shuffled'
MEAN_IMAGE = 'mean image'
GROUND_TRUTH = 'ground truth'
REAL_IMAGES = 'real images'
BASELINES = (
  UNTRANSLATED,
  COLOR_TRANSFER,
  SHUFFLED,
  MEAN_IMAGE,
  GROUND_TRUTH,
  REAL_IMAGES,
)
