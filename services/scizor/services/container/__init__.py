"""What a container of this project is: one image, and the first word of its arguments says what it runs.

python -m scizor.services.container marketdata
python -m scizor.services.container collect --exchange ASX
python -m scizor.services.container health marketdata

`roles` says what each word becomes, `kernels` finds the compiled kernels their place, `warm` compiles them while the
image is built, and `health` asks the program of this container how it is.
"""
