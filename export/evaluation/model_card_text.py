"""The sections of a card that are the same for every model trained on FER2013."""

USE = """\
## For what

To classify what a face *looks like* to the people who labelled the images: in installations, in teaching how
such models work and fail, in research that needs a time series of apparent expressions and checks it against
people.

Not for decisions about a person: hiring, grading, insurance, health, guilt, attention. Not for claims about
what somebody feels, which a face does not show reliably. Not at work or in schools, where the European Union
forbids emotion recognition except for medical and safety reasons (AI Act, Article 5(1)(f)). Not without
informing the people in front of the camera.

## Known biases

- The images were found on the web by searching for words. Many are posed, many are stock photographs or show
  actors: mild everyday expressions are rare among them.
- The labels are noisy: there is one label per image, and other people often disagree (see the sources).
- The classes are far from equally frequent: happy is the most frequent one, and there are so few images of
  disgust, for training and for evaluation, that its numbers mean little (see the column of images above).
- The images carry no age, sex, origin or skin colour, so it is unknown how errors differ between groups of
  people; assume that they do.
"""

SOURCES = """\
## Sources

- FER2013: I. J. Goodfellow et al., "Challenges in Representation Learning: A report on three machine learning
  contests", ICONIP 2013. Its authors report that people agree with 65 ± 5 % of its labels.
- FER+: E. Barsoum et al., "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
  Distribution", ICMI 2016.
"""

LICENCE_OF_OWN_WEIGHTS = """\
The weights are fer-edge's own, trained from random ones, and are under the licence of the repository."""
LICENCE_OF_OTHER_WEIGHTS = """\
The weights were trained elsewhere (see above) and are under the licence of their author; the code is under
the
licence of the repository."""
LICENCE_OF_IMAGES = """\
The training data has terms of its own: FER2013's images were collected from the web for research and are not
in the repository; FER+'s votes are Microsoft's, under the MIT licence."""
