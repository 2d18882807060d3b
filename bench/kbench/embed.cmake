# cmake -DIN=FILE -DOUT=FILE.c: the file as a NUL-terminated array of C.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUT} "extern const char report_page[];\nconst char report_page[] = {\n${bytes}0};\n")
